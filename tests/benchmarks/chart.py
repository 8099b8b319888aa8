"""The chart of the last results, for the README: how many answers a second, in parts of ours.

python -m tests.benchmarks.chart
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pygal
from pygal.style import CleanStyle

HERE = Path(__file__).parent
RESULTS = HERE / "results.json"


def chart(results: dict[str, Any], database: str) -> bytes:
    rows = [row for row in results["rows"] if row["database"] == database]
    queries = [*dict.fromkeys(row["query"] for row in rows)]
    drawn = pygal.HorizontalBar(
        title=f"Answers a second on {database}, ours being 100",
        style=CleanStyle(font_family="sans-serif", title_font_size=18, label_font_size=14, legend_font_size=13),
        js=(),  # nothing is fetched from elsewhere
        width=900,
        height=150 + 90 * len(queries),
        legend_at_bottom=True,
        legend_at_bottom_columns=2,
        print_values=True,
        print_values_position="top",
        value_formatter=lambda value: f"{value:.0f}",
        show_x_guides=True,
    )
    drawn.x_labels = queries
    for variant in dict.fromkeys(row["variant"] for row in rows):
        found = {row["query"]: 100 / row["ours_to_this"] for row in rows if row["variant"] == variant}
        drawn.add(variant, [found.get(query) for query in queries])
    return bytes(drawn.render())


def write(results: dict[str, Any]) -> None:
    for database in dict.fromkeys(row["database"] for row in results["rows"]):
        (HERE / f"{database.lower()}.svg").write_bytes(chart(results, database))


if __name__ == "__main__":
    write(orjson.loads(RESULTS.read_bytes()))
