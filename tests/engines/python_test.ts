/** What a program finds inside the Python engine. */
import { assertEquals, assertStringIncludes } from "../support/assert.ts";
import { run } from "@capsule/sdk/runner";
import { project } from "../support/support.ts";

async function evaluate(body: string): Promise<unknown> {
  const code = `def main():\n${body.replaceAll(/^/gm, "  ")}`;
  const { result, error } = await run({ code, language: "python" });
  return error ? `${error.error_type}: ${error.message}` : result;
}

Deno.test("the standard library is there", async () => {
  const cases: [string, unknown][] = [
    ["import sys\nreturn sys.version_info[:2]", [3, 14]],
    [
      "import sqlite3\nc = sqlite3.connect(':memory:')\nreturn c.execute('select 1 + 1').fetchone()",
      [2],
    ],
    ["import hashlib\nreturn hashlib.sha256(b'x').hexdigest()[:8]", "2d711642"],
    ["import zlib, gzip\nreturn gzip.decompress(gzip.compress(b'x' * 100)).decode()[:3]", "xxx"],
    ["from decimal import Decimal\nreturn str(Decimal('0.1') + Decimal('0.2'))", "0.3"],
    [
      "import re, itertools, functools, collections, heapq, bisect\nreturn list(itertools.islice(itertools.count(5), 2))",
      [5, 6],
    ],
    [
      "import xml.etree.ElementTree as E\nreturn E.fromstring('<a><b>1</b></a>').find('b').text",
      "1",
    ],
    ["import datetime\nreturn datetime.datetime(2025, 1, 1).strftime('%A')", "Wednesday"],
    ["import html.parser, email.message, urllib.parse\nreturn urllib.parse.quote('ü')", "%C3%BC"],
    [
      "import dataclasses, enum, typing, abc, contextlib\nreturn enum.Enum('E', 'A B')['B'].value",
      2,
    ],
    ["import logging\nlogging.warning('to stderr')\nreturn 1", 1],
    ["import tempfile, pathlib\nreturn str(pathlib.PurePosixPath('a') / 'b')", "a/b"],
    ["import pickle, copy\nclass A: pass\nreturn pickle.loads(pickle.dumps([1, {2: 3}]))[0]", 1],
    ["import this\nreturn this.s[:3]", "Gur"],
    [
      "from zoneinfo import ZoneInfo\nfrom datetime import datetime\n" +
      "return str(datetime(2025, 7, 1, tzinfo=ZoneInfo('Europe/Berlin')))",
      "2025-07-01 00:00:00+02:00",
    ],
    [
      "import hashlib\nreturn hashlib.pbkdf2_hmac('sha1', b'password', b'salt', 2, 25).hex()",
      "ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957cae9313626",
    ],
  ];
  for (const [body, expected] of cases) assertEquals(await evaluate(body), expected, body);
});

Deno.test("what the sandbox cannot have says why", async () => {
  const cases = [
    ["import ctypes", "ctypes calls native code"],
    ["import bz2", "use zlib or gzip"],
    ["import lzma", "use zlib or gzip"],
    ["import mmap", "a sandbox maps no files"],
    ["import tkinter", "a sandbox has no display"],
    ["import venv", "the packages of the program's environment"],
    ["import multiprocessing\nmultiprocessing.Process().start()", "call a task instead"],
    ["import subprocess\nsubprocess.run(['ls'])", "OSError"],
    ["import threading\nthreading.Thread(target=print).start()", "can't start new thread"],
    ["import socket\nsocket.create_connection(('127.0.0.1', 80))", "task_error"],
  ] as const;
  for (const [body, message] of cases) {
    assertStringIncludes(String(await evaluate(body)), message);
  }
});

Deno.test("modules of the standard library can be executed again", async () => {
  const cases: [string, unknown][] = [
    [
      // As defusedxml does.
      `import sys, xml.etree.ElementTree as fast
native = sys.modules.pop("_elementtree")
sys.modules["_elementtree"] = None
del sys.modules["xml.etree.ElementTree"]
import importlib
pure = importlib.import_module("xml.etree.ElementTree")
return [fast.XMLParser is native.XMLParser, pure.fromstring("<a>x</a>").text, pure is fast]`,
      [true, "x", false],
    ],
    [
      // As Markdown does.
      `import html.parser, importlib.util
spec = importlib.util.find_spec("html.parser")
copy = importlib.util.module_from_spec(spec)
spec.loader.exec_module(copy)
return [copy.HTMLParser is html.parser.HTMLParser, copy.HTMLParser.__name__, copy.__file__ == html.parser.__file__]`,
      [false, "HTMLParser", true],
    ],
    ["import json\nimport importlib\nreturn importlib.reload(json).dumps(1)", "1"],
    ["import os\nreturn [os.getuid(), os.getgid()]", [1000, 1000]],
    ["import os\nos.system('ls')", "task_error: OSError: [Errno 58] a sandbox starts no processes"],
  ];
  for (const [body, expected] of cases) assertEquals(await evaluate(body), expected, body);
});

Deno.test("nothing of the host is there", async () => {
  assertEquals(await evaluate("import os\nreturn dict(os.environ)"), {});
  assertStringIncludes(
    String(await evaluate("return open('/etc/hostname').read()")),
    "FileNotFoundError",
  );
  assertStringIncludes(String(await evaluate("import os\nreturn os.listdir('/')")), "Error");
  assertEquals(await evaluate("import sys\nreturn sys.stdin.read()"), "");
});

Deno.test("asyncio runs over the host's operations", async () => {
  const cases: [string, unknown][] = [
    [
      `import asyncio, time
async def nap(n):
  await asyncio.sleep(n / 100)
  return n
async def all():
  start = time.monotonic()
  got = await asyncio.gather(*(nap(n) for n in [5, 1, 3]))
  return got, time.monotonic() - start < 0.5
return asyncio.run(all())`,
      [[5, 1, 3], true],
    ],
    [
      `import asyncio
async def late():
  try:
    async with asyncio.timeout(0.02): await asyncio.sleep(10)
  except TimeoutError: return "timed out"
return asyncio.run(late())`,
      "timed out",
    ],
    [
      `import asyncio
async def main():
  queue = asyncio.Queue()
  async def produce():
    for n in range(3):
      await asyncio.sleep(0.001)
      await queue.put(n)
  async with asyncio.TaskGroup() as group:
    group.create_task(produce())
    return [await queue.get() for _ in range(3)]
return asyncio.run(main())`,
      [0, 1, 2],
    ],
    ["import asyncio\nreturn asyncio.run(asyncio.to_thread(lambda: 'inline'))", "inline"],
    [
      "import asyncio\nasync def never(): await asyncio.Future()\nreturn asyncio.run(never())",
      "task_error: RuntimeError: the event loop waits for something that can never happen",
    ],
    ["import asyncio\nasync def a(): return 1\nreturn [asyncio.run(a()), asyncio.run(a())]", [
      1,
      1,
    ]],
  ];
  for (const [body, expected] of cases) assertEquals(await evaluate(body), expected, body);
});

Deno.test("modules beside the program come first, and folders of them are packages", async () => {
  using folder = project({
    "main.py": "import queue\nfrom parts.one import x\ndef main(): return [queue.mine, x]",
    "queue.py": "mine = 1",
    "parts/one.py": "from .two import x",
    "parts/two.py": "x = 2",
  });
  const { result, error } = await run({ file: "main.py", cwd: folder.path });
  assertEquals([result, error], [[1, 2], null]);
});
