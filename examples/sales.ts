/**
 * Sums up a table of sales in several sub-tasks, each for a part of the table:
 *
 *     deno run examples/sales_data.ts > sales.csv
 *     capsule run examples/sales.ts --args-file sales.csv
 */
import { task, unwrap } from "@capsule/sdk";
import { format, parseISO } from "date-fns";
import Papa from "papaparse";

interface Sale {
  date: string;
  product: string;
  quantity: string;
  price: string;
}

/** Amounts are in cents, because sums of integers are exact. */
interface Part {
  sales: number;
  months: Record<string, number>;
  products: Record<string, number>;
  amounts: number[];
}

const PARTS = 4;

const summarize = task(
  { name: "summarize", compute: "HIGH", ram: "256MB", timeout: "30s" },
  (rows: Sale[]): Part => {
    const part: Part = { sales: rows.length, months: {}, products: {}, amounts: [] };
    for (const { date, product, quantity, price } of rows) {
      const amount = Number(quantity) * Math.round(Number(price) * 100);
      const month = format(parseISO(date), "MMMM");
      part.months[month] = (part.months[month] ?? 0) + amount;
      part.products[product] = (part.products[product] ?? 0) + amount;
      part.amounts.push(amount);
    }
    return part;
  },
);

export const main = task({ name: "main", compute: "HIGH", timeout: "60s" }, async (csv: string) => {
  const { data } = Papa.parse<Sale>(csv, { header: true, skipEmptyLines: true });
  const size = Math.ceil(data.length / PARTS);
  const calls = Array.from(
    { length: PARTS },
    (_, part) => summarize(data.slice(part * size, (part + 1) * size)),
  );
  const parts = (await Promise.all(calls)).map(unwrap);
  const amounts = parts.flatMap((part) => part.amounts).sort((a, b) => a - b);
  return {
    sales: parts.reduce((sum, part) => sum + part.sales, 0),
    total: amounts.reduce((sum, amount) => sum + amount, 0),
    median: (amounts[(amounts.length - 1) >> 1]! + amounts[amounts.length >> 1]!) / 2,
    largest: amounts.at(-1),
    months: sorted(added(parts.map((part) => part.months))),
    products: sorted(added(parts.map((part) => part.products))),
  };
});

function added(sums: Record<string, number>[]): Record<string, number> {
  const total: Record<string, number> = {};
  for (const [key, amount] of sums.flatMap(Object.entries)) {
    total[key] = (total[key] ?? 0) + amount;
  }
  return total;
}

function sorted(sums: Record<string, number>): [string, number][] {
  return Object.entries(sums).sort(([a], [b]) => a < b ? -1 : 1);
}
