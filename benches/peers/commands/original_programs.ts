/** Programs for the original, whose SDK differs in some names. */

/** Programs by their file name. */
export const PROGRAMS: Record<string, string> = {
  "hello.ts": `import { task } from "@capsule-run/sdk";
export const main = task({ name: "main", compute: "HIGH" }, () => "Hello, Ada!");
`,
  "hello.py": `from capsule import task

@task(name="main", compute="HIGH")
def main():
    return "Hello, Ada!"
`,
  "zod.ts": `import { task } from "@capsule-run/sdk";
import * as z from "zod";

const Row = z.object({ id: z.number().int(), name: z.string().min(1), tags: z.array(z.string()) });

export const main = task({ name: "main", compute: "HIGH" }, () => Row.def.type);
`,
  "soup.py": `from bs4 import BeautifulSoup
from capsule import task

@task(name="main", compute="HIGH")
def main():
    return BeautifulSoup("<ul><li>a</li><li>b</li></ul>", "html.parser").text
`,
  "naps.py": `import time
from capsule import task

@task(name="nap", compute="HIGH")
def nap(number):
    time.sleep(0.05)
    return number

@task(name="main", compute="HIGH")
def main():
    return len([nap(number) for number in range(100)])
`,
  "spins.py": `from capsule import task

@task(name="main", compute="HIGH", timeout="100ms")
def main():
    while True:
        pass
`,
};
