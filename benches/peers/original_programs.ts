/** Programs for the original, which has the same SDK but for some names. */

/** By the name of their file. */
export const PROGRAMS: Record<string, string> = {
  "hello.ts": `import { task } from "@capsule-run/sdk";
export const main = task({ name: "main", compute: "HIGH" }, () => "Hello, Ada!");
`,
  "hello.py": `from capsule import task

@task(name="main", compute="HIGH")
def main():
    return "Hello, Ada!"
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
