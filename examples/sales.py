"""Sums up a table of sales, a part of it in each of several sub-tasks.

deno run examples/sales_data.ts > sales.csv
capsule run examples/sales.py --args-file sales.csv
"""

import csv
import io
import statistics
from collections import Counter
from dataclasses import asdict, dataclass, field
from datetime import date

from capsule import task, unwrap

PARTS = 4


@dataclass
class Part:
    """Amounts are in cents: whole numbers add up the same everywhere."""

    months: dict[str, int] = field(default_factory=dict)
    products: dict[str, int] = field(default_factory=dict)
    amounts: list[int] = field(default_factory=list)


@task(name="summarize", compute="HIGH", ram="256MB", timeout="30s")
def summarize(rows: list[dict]) -> dict:
    part = Part()
    for row in rows:
        amount = int(row["quantity"]) * round(float(row["price"]) * 100)
        month = date.fromisoformat(row["date"]).strftime("%B")
        part.months[month] = part.months.get(month, 0) + amount
        part.products[row["product"]] = part.products.get(row["product"], 0) + amount
        part.amounts.append(amount)
    return asdict(part)


@task(name="main", compute="HIGH", timeout="60s")
def main(text: str) -> dict:
    rows = list(csv.DictReader(io.StringIO(text)))
    size = -(-len(rows) // PARTS)
    parts = [
        Part(**unwrap(envelope))
        for envelope in summarize.map(rows[i : i + size] for i in range(0, len(rows), size))
    ]
    amounts = [amount for part in parts for amount in part.amounts]
    months, products = Counter(), Counter()
    for part in parts:
        months.update(part.months)
        products.update(part.products)
    return {
        "sales": len(amounts),
        "total": sum(amounts),
        "median": statistics.median(amounts),
        "largest": max(amounts),
        "months": sorted(months.items()),
        "products": sorted(products.items()),
    }
