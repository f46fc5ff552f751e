import type { Random } from "../../../scripts/fuzz/random.ts";

/** Source in which imports stand between all that looks like them. */
export function randomPython(random: Random): string {
  const name = () =>
    random.of(["a", "b1", "_c", "imports", "from_", "µ", "ﬁ", "as_", "x", "f", "rb"]);
  const space = () => random.of([" ", "  ", "\t", " \\\n ", " \\\r\n", "\f "]);
  const gap = () => random.of(["", "", " ", "\t", " \\\n"]);
  const dotted = () => Array.from({ length: 1 + random.below(3) }, name).join(`${gap()}.${gap()}`);
  const alias = (what: string) =>
    random.below(100) < 30 ? `${what}${space()}as${space()}${name()}` : what;
  const list = (item: () => string, between: () => string) =>
    Array.from({ length: 1 + random.below(3) }, () => alias(item())).join(`${gap()},${between()}`);
  const lineGap = () => random.of(["", " ", "\n", "\n # import z\n", "\r\n"]);
  const dots = () => Array.from({ length: random.below(3) }, () => `.${gap()}`).join("");
  const statement = (): string => {
    const from = () => {
      const level = dots();
      const module = level === "" || random.below(100) < 60 ? dotted() : "";
      const lead = level === "" ? space() : random.of(["", space()]);
      const trail = module === "" ? random.of(["", space()]) : space();
      return `from${lead}${level}${module}${trail}import`;
    };
    return random.of([
      () => `import${space()}${list(dotted, gap)}`,
      () => `${from()}${space()}${list(name, gap)}`,
      () =>
        `${from()}${gap()}(${lineGap()}${list(name, lineGap)}${random.of(["", ","])}${lineGap()})`,
      () => `from${space()}${dotted()}${space()}import${gap()}*`,
    ])();
  };
  const quote = () => random.of(["'", '"', "'''", '"""']);
  const prefix = () => random.of(["", "r", "b", "f", "F", "Rb", "fr", "rF", "u", "t"]);
  const inner = () =>
    random.of([
      ...[
        "import a",
        "{{",
        "}}",
        "\\\\",
        "\\'",
        '\\"',
        "#",
        "x",
        "{x}",
        "{x!r:>{y}}",
        "{ {1: 2}[1] }",
      ],
      ...[
        '{"import a"}',
        "{'from b import c'}",
        "{x:%H:%M}",
        "{(lambda: 1)()}",
        "\\N{DASH}",
        "\n",
        "{x=}",
      ],
      ...['{f"{x}"}', "{y['a']}", "\\{x}", "{x:{'a'}}", "{a if b else c}"],
    ]);
  const string = () => {
    const mark = quote();
    const parts = Array.from({ length: random.below(4) }, inner).join("");
    return `${prefix()}${mark}${parts}${mark}`;
  };
  const line = (): string =>
    random.of([
      statement,
      statement,
      () => `${statement()}; ${statement()}`,
      () => `if x: ${statement()}`,
      () => `x = ${string()}; ${statement()}`,
      () => `x = [${string()}, # import no\n ${string()}]`,
      () => `if${random.of([" ", ""])}${string()}in y: ${statement()}`,
      () => `def f(a: ${string()} = {1: 2}, *b): ${statement()}`,
      () => `def g():\n\t${statement()}\n\treturn ${string()}`,
      () => `try: ${statement()}\nexcept E: ${statement()}\nelse:\n  ${statement()}\nfinally: pass`,
      () => `x = lambda y: y[1:2]; ${statement()}`,
      () => `yield_from = x.imports; raise E from b`,
      () => `# ${statement().replaceAll("\n", " ").replaceAll("\r", " ")}`,
      () => `match x:\n  case {"import": a}: ${statement()}`,
      () => `async def h():\n  async with a as b: ${statement()}\n  await (yield)`,
      () => `1if x else 2; ${statement()}`,
    ])();
  const end = random.of(["\n", "\r\n"]);
  return Array.from({ length: 1 + random.below(4) }, line).join(end) + random.of(["", end]);
}
