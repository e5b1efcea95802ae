"""The chart of `docs/speed.md`: processor time of a start and of a warm invocation, as dots on logarithmic axes."""

from __future__ import annotations

import math
from typing import Any
from xml.sax.saxutils import escape

WIDTH, ROW, TOP, NAMES, GAP, MARGIN = 920, 22, 58, 190, 96, 84
# A picture in a page follows the reader's colour scheme.
STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #1f2328 }
  .quiet { fill: #59636e; font-size: 12px }
  .grid { stroke: #d1d9e0 }
  .reference { fill: #59636e }
  .function { fill: #0969da }
  .peer { fill: #bc4c00 }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc }
    .quiet { fill: #9198a1 }
    .grid { stroke: #3d444d }
    .reference { fill: #9198a1 }
    .function { fill: #4493f8 }
    .peer { fill: #f0883e }
  }
"""


def draw(subjects: dict[str, Any]) -> str:
    order = {"reference": 0, "function": 1, "peer": 2}
    rows = sorted(subjects.items(), key=lambda row: (order[row[1]["role"]], row[1]["warm_cpu"]))
    bottom = TOP + ROW * len(rows)
    panel = (WIDTH - NAMES - GAP - MARGIN) / 2
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {bottom + 58}" role="img">',
        "<title>Processor time of a start and of a warm invocation, by program</title>",
        f"<style>{STYLE}</style>",
        *_names(rows),
        *_panel(rows, "init_cpu", "a start, milliseconds", 1e6, NAMES, panel, bottom),
        *_panel(rows, "warm_cpu", "a warm invocation, microseconds", 1e3, NAMES + panel + GAP, panel, bottom),
        *_legend(bottom + 44),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _names(rows: list[tuple[str, Any]]) -> list[str]:
    places = ((name, TOP + ROW * row + ROW / 2 + 4) for row, (name, _) in enumerate(rows))
    return [f'<text x="{NAMES - 14}" y="{y:.0f}" text-anchor="end">{escape(name)}</text>' for name, y in places]


def _panel(
    rows: list[tuple[str, Any]], figure: str, title: str, unit: float, left: float, width: float, bottom: float
) -> list[str]:
    values = [max(figures[figure] / unit, 1e-3) for _, figures in rows]
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    high = max(high, low + 1)

    def place(value: float) -> float:
        return left + width * (math.log10(value) - low) / (high - low)

    parts = [f'<text class="quiet" x="{left:.0f}" y="22">Processor time of {escape(title)} (logarithmic)</text>']
    for power in range(low, high + 1):
        x = place(10**power)
        parts.append(f'<line class="grid" x1="{x:.0f}" x2="{x:.0f}" y1="{TOP - 8}" y2="{bottom}"/>')
        parts.append(f'<text class="quiet" x="{x:.0f}" y="{TOP - 16}" text-anchor="middle">{10**power:g}</text>')
    for row, ((_, figures), value) in enumerate(zip(rows, values, strict=True)):
        y = TOP + ROW * row + ROW / 2
        text = f"{value:.2f}" if value < 10 else f"{value:.0f}"
        parts.append(f'<circle class="{figures["role"]}" cx="{place(value):.1f}" cy="{y:.0f}" r="5"/>')
        parts.append(f'<text class="quiet" x="{place(value) + 10:.1f}" y="{y + 4:.0f}">{text}</text>')
    return parts


def _legend(y: float) -> list[str]:
    kinds = (("reference", "reference"), ("function", "function of Conveyor"), ("peer", "place-order with Powertools"))
    parts, x = [], float(NAMES)
    for kind, text in kinds:
        parts.append(f'<circle class="{kind}" cx="{x:.0f}" cy="{y - 4:.0f}" r="5"/>')
        parts.append(f'<text class="quiet" x="{x + 12:.0f}" y="{y:.0f}">{text}</text>')
        x += 40 + 7.5 * len(text)
    return parts
