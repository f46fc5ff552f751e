/** Prints a made-up table of sales, the same each time: deno run examples/sales_data.ts 10000 > sales.csv */

const PRODUCTS = ["Tea", "Coffee", "Cocoa, dark", 'Milk "fresh"', "Juice"];
const rows = Number(Deno.args[0] ?? 10_000);

let state = 42;
function random(limit: number): number {
  state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
  return (state >>> 8) % limit;
}

const lines = ["date,product,quantity,price"];
for (let row = 0; row < rows; row++) {
  const date = new Date(Date.UTC(2025, random(12), 1 + random(28))).toISOString().slice(0, 10);
  const product = PRODUCTS[random(PRODUCTS.length)]!;
  const quoted = /[",]/.test(product) ? `"${product.replaceAll('"', '""')}"` : product;
  lines.push(`${date},${quoted},${1 + random(9)},${(100 + random(900)) / 100}`);
}
console.log(lines.join("\n"));
