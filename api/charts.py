"""Line charts of shares over time as SVG, for reports and wikis; legible on light and dark ground."""

from collections.abc import Mapping, Sequence
from html import escape

WIDTH, HEIGHT = 720, 320
LEFT, RIGHT, TOP, BOTTOM = 48, 208, 44, 34
LEGEND_ROWS = 14
"""As many series as the legend has room for; colours and dashes tell them apart."""
COLOURS = ("#1f77b4", "#d95f02", "#2a9d5c", "#c2428f", "#8a63d2", "#a6761d", "#5f8fa8")
DASHES = ("none", "6 3")

STYLE = """
text { font: 12px system-ui, sans-serif; fill: #1b1f24 }
.title { font-size: 15px; font-weight: 600 }
.grid { stroke: #8b949e; stroke-opacity: .35 }
.ground { fill: #ffffff }
@media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .ground { fill: #0d1117 } }
"""


def line_chart(title: str, periods: Sequence[str], series: Mapping[str, Sequence[float | None]]) -> str:
    """An SVG document: for each named series a line of shares (0 to 1) over the periods; None is a gap.

    The names stand in a legend; the values in tooltips. Series beyond the fourteenth are told of, not drawn.
    """
    shown = list(series.items())[:LEGEND_ROWS]
    parts = [_grid(share) for share in (0.0, 0.25, 0.5, 0.75, 1.0)]
    parts += [_period(place, name, len(periods)) for place, name in _labelled(periods)]
    parts += [_series(place, name, values, periods) for place, (name, values) in enumerate(shown)]
    if len(series) > len(shown):
        parts.append(_text(WIDTH - RIGHT + 16, HEIGHT - 8, f"and {len(series) - len(shown)} more"))
    if not periods:
        parts.append(_text(WIDTH / 2 - RIGHT / 2, HEIGHT / 2, "no data", 'text-anchor="middle"'))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{escape(title)}"><style>{STYLE}</style>'
        f'<rect class="ground" width="{WIDTH}" height="{HEIGHT}"/>'
        + _text(LEFT, 24, title, 'class="title"')
        + "".join(parts)
        + "</svg>"
    )


def _x(place: int, many: int) -> float:
    inner = WIDTH - LEFT - RIGHT
    return round(LEFT + (inner / 2 if many == 1 else inner * place / (many - 1)), 1)


def _y(share: float) -> float:
    return round(TOP + (HEIGHT - TOP - BOTTOM) * (1 - share), 1)


def _text(x: float, y: float, text: str, more: str = "") -> str:
    return f'<text x="{x}" y="{y}" {more}>{escape(text)}</text>'


def _grid(share: float) -> str:
    y = _y(share)
    line = f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}"/>'
    return line + _text(LEFT - 6, y + 4, f"{share:.0%}", 'text-anchor="end"')


def _labelled(periods: Sequence[str]) -> list[tuple[int, str]]:
    """At most seven periods that get a label, evenly spread."""
    step = max(1, -(-len(periods) // 7))
    return [(place, name) for place, name in enumerate(periods) if place % step == 0]


def _period(place: int, name: str, many: int) -> str:
    return _text(_x(place, many), HEIGHT - BOTTOM + 20, name, 'text-anchor="middle"')


def _series(place: int, name: str, values: Sequence[float | None], periods: Sequence[str]) -> str:
    colour, dash = COLOURS[place % len(COLOURS)], DASHES[place // len(COLOURS) % len(DASHES)]
    points = [
        (_x(at, len(periods)), _y(share), periods[at], share)
        for at, share in enumerate(values)
        if share is not None
    ]
    path = "".join(
        f"{'L' if at and values[at - 1] is not None else 'M'}{_x(at, len(periods))} {_y(share)}"
        for at, share in enumerate(values)
        if share is not None
    )
    dots = "".join(
        f'<circle cx="{x}" cy="{y}" r="3" fill="{colour}"><title>{escape(name)}, {escape(period)}: '
        f"{share:.1%}</title></circle>"
        for x, y, period, share in points
    )
    y = TOP + 8 + place * 17
    legend = (
        f'<line x1="{WIDTH - RIGHT + 16}" x2="{WIDTH - RIGHT + 34}" y1="{y}" y2="{y}" stroke="{colour}" '
        f'stroke-width="2" stroke-dasharray="{dash}"/>' + _text(WIDTH - RIGHT + 40, y + 4, _short(name))
    )
    line = f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="{dash}"/>'
    return line + dots + legend


def _short(name: str) -> str:
    return name if len(name) <= 26 else name[:25] + "…"
