/** Python that calls its own `main`, as scripts do: it runs once, inside the task. */
import { assertEquals, assertStringIncludes } from "../support/assert.ts";
import { project } from "../support/support.ts";
import { run, type RunSettings } from "@capsule/sdk/runner";

/** What a program gives, and what it prints. */
async function ran(code: string, options: Partial<RunSettings> = {}) {
  let printed = "";
  const decoder = new TextDecoder();
  const { result, error } = await run({
    code,
    language: "python",
    ...options,
    onEvent: (event) => {
      if (event.type === "output") printed += decoder.decode(event.data);
    },
  });
  return error ? { printed, error: error.message } : { printed, result };
}

const GREETS = "def main(name='you'):\n    print('hi', name)\n    return len(name)\n";

/** Programs, the arguments of the host, and what comes of it. */
const CASES: [name: string, code: string, args: unknown[], expected: unknown][] = [
  ["a bare call", `${GREETS}main()`, [], { printed: "hi you\n", result: 3 }],
  ["a call with arguments", `${GREETS}main("Ada")`, [], { printed: "hi Ada\n", result: 3 }],
  ["arguments of the host come first", `${GREETS}main("Ada")`, ["Grace"], {
    printed: "hi Grace\n",
    result: 5,
  }],
  ["a result that is printed", `${GREETS}print(main())`, [], {
    printed: "hi you\n3\n",
    result: 3,
  }],
  ["a result that is printed, and arguments", `${GREETS}print(main())`, ["Grace"], {
    printed: "hi Grace\n",
    result: 5,
  }],
  ["a result that is kept", `${GREETS}n = main()\nprint(n)`, [], {
    printed: "hi you\n3\n",
    result: 3,
  }],
  ["a loop", `${GREETS}for name in 'ab': main(name)`, [], {
    printed: "hi a\nhi b\n",
    result: 1,
  }],
  ["a call that is not reached", `${GREETS}if len(name := '') > 1: main(name)`, [], {
    printed: "hi you\n",
    result: 3,
  }],
  ["sys.exit", `import sys\n${GREETS}sys.exit(main() and 0)`, [], {
    printed: "hi you\n",
    result: null,
  }],
  [
    "asyncio.run",
    "import asyncio\nasync def main(n=1):\n    print(n)\n    return n\nasyncio.run(main())",
    [],
    { printed: "1\n", result: 1 },
  ],
  [
    "asyncio.run, and arguments",
    "import asyncio\nasync def main(n=1):\n    print(n)\n    return n\nasyncio.run(main())",
    [7],
    { printed: "7\n", result: 7 },
  ],
  ["a coroutine that nobody awaits", "async def main():\n    return 5\nmain()", [], {
    printed: "",
    result: 5,
  }],
  ["a result without JSON", "def main():\n    return {1, 2}\nprint(main())", [], {
    printed: "{1, 2}\n",
    result: null,
  }],
  ["sys.argv", "import sys\ndef main():\n    print(sys.argv[1:])\nmain()", ["a", 5], {
    printed: "['a', '5']\n",
    result: null,
  }],
  [
    "a guard with what main needs",
    `${GREETS.replace("='you'", "")}if __name__ == "__main__":\n    main("Ada")`,
    [],
    {
      printed: "hi Ada\n",
      result: 3,
    },
  ],
  [
    "a guard the other way round",
    `${GREETS.replace("='you'", "")}if "__main__" == __name__: main("Ada")`,
    [],
    {
      printed: "hi Ada\n",
      result: 3,
    },
  ],
  ["a guard, and arguments", `${GREETS}if __name__ == "__main__":\n    main("Ada")`, ["Grace"], {
    printed: "hi Grace\n",
    result: 5,
  }],
  ["a guard that main does without", `${GREETS}if __name__ == "__main__":\n    print(main())`, [], {
    printed: "hi you\n",
    result: 3,
  }],
  [
    "calls in functions, classes and lambdas",
    `${GREETS}def other(): main()\nlater = lambda: main()`,
    [],
    {
      printed: "hi you\n",
      result: 3,
    },
  ],
];

for (const [name, code, args, expected] of CASES) {
  Deno.test(`a main that a program calls runs once: ${name}`, async () => {
    assertEquals(await ran(code, { args }), expected);
  });
}

Deno.test("a main that a program calls reaches what the task does", async () => {
  using folder = project({ "ws/b.txt": "x" });
  const code = `
text = open("/ws/b.txt").read()
def main(more):
    with open("/ws/a.txt", "w") as file: file.write(text + more)
    return text
main("y")`;
  const options = { cwd: folder.path, mounts: ["ws::/ws:rw"] };
  assertEquals(await ran(code, options), { printed: "", result: "x" });
  assertEquals(Deno.readTextFileSync(`${folder.path}/ws/a.txt`), "xy");
});

Deno.test("a main that a program calls fails with the program's own frames", async () => {
  const { error } = await run({ code: "def main():\n    1 / 0\nmain()", language: "python" });
  assertEquals(error?.message, "ZeroDivisionError: division by zero");
  assertStringIncludes(error!.stack!, 'File "code.py", line 3, in <module>');
  assertEquals(error!.stack!.includes("own_calls"), false, error!.stack);
});

Deno.test("a process ends with its status, and its clock begins at 0", async () => {
  for (const status of [0, 3, 7]) {
    const code = `import os\ndef main():\n    print("out")\n    os._exit(${status})`;
    const expected = status === 0
      ? { printed: "out\n", result: null }
      : { printed: "out\n", error: `the task exited with status ${status}` };
    assertEquals(await ran(code), expected);
  }
  const code = `
import time
def main():
    names = ("process_time", "thread_time")
    before = [getattr(time, name)() for name in names] + [getattr(time, name + "_ns")() for name in names]
    sum(range(10**5))
    after = [getattr(time, name)() for name in names] + [getattr(time, name + "_ns")() for name in names]
    return [time.get_clock_info(name).monotonic for name in names] + [
        0 <= a < b < (60 if isinstance(b, float) else 60e9) for a, b in zip(before, after)]`;
  assertEquals(await ran(code), { printed: "", result: Array(6).fill(true) });
});
