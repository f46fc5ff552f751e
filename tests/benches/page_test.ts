/** What the page of figures says of samples. */
import { assertEquals, assertStringIncludes, assertTrue } from "../support/assert.ts";
import { chart } from "../../benches/page/chart.ts";
import type { Results } from "../../benches/comparison/compare.ts";
import { pageText } from "../../benches/page/page.ts";
import { judged } from "../../benches/comparison/summary.ts";
import { WORKLOADS } from "../../benches/comparison/workloads.ts";

const RESULTS: Results = {
  date: "2026-01-02",
  machine: { cores: 2, cpu: "A", memoryGiB: 8, kernel: "linux 6" },
  versions: { "Capsule": "0.1.0", "monty": "1.0.0" },
  remarks: ["The original is not here."],
  workloads: {
    "call-python": [
      { side: "Capsule", samples: [0.4, 0.5, 0.6] },
      { side: "monty", samples: [0.05] },
      { side: "the original", samples: [2] },
    ],
    "rate-python": [{ side: "Capsule", samples: [2000] }, { side: "monty", samples: [1000] }],
    "unchanged-python": [
      { side: "Capsule", samples: [40, 100] },
      { side: "deno run", samples: [20, 20] },
    ],
    "late-python": [
      { side: "Capsule", samples: [1] },
      { side: "the original", samples: [], error: "it does not stop" },
    ],
  },
};

Deno.test("pageText() says which targets are met, and sets in bold where Capsule loses", () => {
  const lines = pageText(RESULTS).split("\n");
  for (
    const line of [
      "| one call, Python | ≤ 0.6 ms | 0.500 ms (0.400 ms – 0.600 ms) | yes | **monty 0.10 ×**, the original 4.0 × |",
      "| 8 callers, Python | ≥ 1,500 calls/s | 2,000 /s | yes | monty 2.0 × |",
      "| lateness of a timeout, Python | p95 ≤ 5 ms | 1.00 ms | yes | the original: it does not stop |",
    ]
  ) assertTrue(lines.includes(line), `${line}\nis not in\n${lines.join("\n")}`);
  assertStringIncludes(lines.join("\n"), "one call, Python (10 ×). Its isolation: a session");
  assertStringIncludes(lines.join("\n"), "The original is not here.");
});

Deno.test("judged() compares samples pair by pair", () => {
  const workload = WORKLOADS.find(({ id }) => id === "unchanged-python")!;
  const sampled = [
    { side: "Capsule", samples: [30, 300, 60] },
    { side: "deno run", samples: [20, 200, 20] },
  ];
  assertEquals(judged(workload, sampled), 1.5);
});

Deno.test("chart() draws a row a workload that is measured in time", () => {
  const svg = chart(RESULTS);
  const rows = [...svg.matchAll(/text-anchor="end">([^<]+)</g)].map(([, title]) => title);
  assertEquals(rows, [
    "unchanged → result, Python",
    "one call, Python",
    "lateness of a timeout, Python",
  ]);
  assertStringIncludes(svg, "<title>monty: 0.050 ms</title>");
  assertTrue(!/NaN|Infinity/.test(svg), svg);
});
