"""Bars as SVG, by hand: a panel per figure, a bar per server, a whisker from lowest to highest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from statistics import median

WIDTH, LEFT, RIGHT = 820, 150, 130
BAR, GAP, TITLE, SPACE = 18, 5, 26, 18
COLORS = {
    "this project": "#0f62fe",
    "whole application": "#6929c4",
    "fastify": "#8d8d8d",
    "ws": "#a8a8a8",
    "socketify": "#525252",
    "plain channels": "#c6c6c6",
}
STYLE = (
    "text { font: 12px system-ui, sans-serif; fill: #161616 } .title { font-weight: 600 }"
    " .whisker { stroke: #161616; stroke-width: 1.5 }"
    " @media (prefers-color-scheme: dark) { text { fill: #f4f4f4 } .whisker { stroke: #f4f4f4 } }"
)


@dataclass(frozen=True, slots=True)
class Panel:
    title: str
    values: Mapping[str, Sequence[float]]  # server -> by round
    is_less_better: bool = False


def svg(panels: Sequence[Panel]) -> str:
    """Return a drawing of the panels; the longest whisker of each fills its width."""
    parts, top = [], SPACE
    for panel in panels:
        hint = "less is better" if panel.is_less_better else "more is better"
        parts.append(f'<text class="title" x="12" y="{top + 14}">{escape(panel.title)}</text>')
        parts.append(f'<text x="{WIDTH - 12}" y="{top + 14}" text-anchor="end">{hint}</text>')
        top += TITLE
        most = max(max(values) for values in panel.values.values()) or 1.0
        scale = (WIDTH - LEFT - RIGHT) / most
        for server, values in panel.values.items():
            parts += _bar(server, values, top, scale)
            top += BAR + GAP
        top += SPACE
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top}" role="img">\n'
        f"<title>Deliveries a second and latencies, side by side</title>\n"
        f"<style>{STYLE}</style>\n{body}\n</svg>\n"
    )


def _bar(server: str, values: Sequence[float], top: int, scale: float) -> list[str]:
    middle, low, high = median(values), min(values), max(values)
    line, text = top + BAR / 2, top + 13
    shown = f"{middle:,.0f}" if middle >= 100 else f"{middle:,.1f}"
    end = LEFT + high * scale
    return [
        f'<text x="{LEFT - 8}" y="{text}" text-anchor="end">{escape(server)}</text>',
        f'<rect x="{LEFT}" y="{top}" width="{middle * scale:.1f}" height="{BAR}"'
        f' fill="{COLORS.get(server, "#8d8d8d")}"/>',
        f'<line class="whisker" x1="{LEFT + low * scale:.1f}" x2="{end:.1f}"'
        f' y1="{line}" y2="{line}"/>',
        f'<text x="{end + 6:.1f}" y="{text}">{shown}</text>',
    ]
