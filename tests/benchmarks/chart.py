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
COLORS = ("#1f5fa8", "#8fb8e0", "#e0912f", "#b9b9b9", "#7a5ea8", "#3f9a5f")


def chart(results: dict[str, Any], database: str) -> bytes:
    rows = [row for row in results["rows"] if row["database"] == database and row["query"] != "KEPT"]
    queries = [*dict.fromkeys(row["query"] for row in rows)][::-1]  # the first is drawn lowest
    drawn = pygal.HorizontalBar(
        title=f"Answers a second on {database}, ours being 100",
        style=CleanStyle(
            colors=COLORS,
            value_colors=("#222",) * len(COLORS),
            background="white",
            plot_background="white",
            font_family="sans-serif",
            title_font_size=18,
            label_font_size=14,
            legend_font_size=13,
            value_font_size=12,
        ),
        js=(),  # nothing is fetched from elsewhere
        width=900,
        height=150 + 90 * len(queries),
        legend_at_bottom=True,
        legend_at_bottom_columns=2,
        print_values=True,
        print_values_position="top",
        value_formatter=lambda value: f"{value:.0f}",
        show_x_guides=False,
        show_y_guides=False,
        truncate_legend=-1,
    )
    drawn.x_labels = queries
    for variant in dict.fromkeys(row["variant"] for row in rows):
        found = {row["query"]: 100 / row["ours_to_this"] for row in rows if row["variant"] == variant}
        drawn.add(variant, [found[query] for query in queries])
    return bytes(drawn.render())


def write(results: dict[str, Any]) -> None:
    for database in dict.fromkeys(row["database"] for row in results["rows"]):
        (HERE / f"{database.lower()}.svg").write_bytes(chart(results, database))


if __name__ == "__main__":
    write(orjson.loads(RESULTS.read_bytes()))
