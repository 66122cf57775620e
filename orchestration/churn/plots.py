"""Plots as inline SVG: a page that opens anywhere, with no script and nothing to fetch."""

from collections.abc import Iterable, Sequence

SIZE, MARGIN = 320, 54
BAR, BAR_LENGTH = "█", 20
COLOURS = ("#1f5fa8", "#c2571a", "#6b6b6b")


def calibration_plot(curve: Sequence[tuple[float, float, float]]) -> str:
    """Mean score against the share that churned, a dot for each bin, as large as its rows; the diagonal is perfect."""
    dots = "".join(
        f'<circle cx="{_x(score):.1f}" cy="{_y(rate):.1f}" r="{4 + 12 * share**0.5:.1f}" fill="{COLOURS[0]}" '
        f'fill-opacity="0.7"><title>score {100 * score:.0f} %, left {100 * rate:.0f} %</title></circle>'
        for score, rate, share in curve
    )
    diagonal = f'<line x1="{_x(0)}" y1="{_y(0)}" x2="{_x(1)}" y2="{_y(1)}" stroke="#999" stroke-dasharray="4 4"/>'
    return _frame("Scores against what happened", "the score said", "really left", diagonal + dots)


def calibration_table(curve: Sequence[tuple[float, float, float]]) -> str:
    """The same as a Markdown table with bars of characters: pictures would stay in the metadata of each run."""
    rows = [
        f"| {score:.0%} | {rate:.0%} | {BAR * round(BAR_LENGTH * rate)} | {share:.0%} |" for score, rate, share in curve
    ]
    return "\n".join(["| the score said | really left | | of learner-weeks |", "|---:|---:|:---|---:|", *rows])


def interval_plot(title: str, rows: Iterable[tuple[str, float, float, float, float]]) -> str:
    """One line per name: the value with its interval on a scale from 0 to 1, and a tick at what it is held against."""
    rows = list(rows)
    height = 26 * len(rows) + MARGIN + 10
    left, width = 190, 330
    lines = []
    for place, (name, value, low, high, reference) in enumerate(rows):
        y, at = 18 + 26 * place, left + width * reference
        lines.append(f'<line x1="{at:.1f}" y1="{y - 9}" x2="{at:.1f}" y2="{y + 9}" stroke="{COLOURS[1]}"/>')
        lines.append(f'<text x="{left - 8}" y="{y + 4}" text-anchor="end">{escape(name[:30])}</text>')
        lines.append(
            f'<line x1="{left + width * low:.1f}" y1="{y}" x2="{left + width * high:.1f}" y2="{y}" '
            f'stroke="{COLOURS[0]}" stroke-width="3"/>'
        )
        lines.append(f'<circle cx="{left + width * value:.1f}" cy="{y}" r="5" fill="{COLOURS[0]}"/>')
        lines.append(f'<text x="{left + width + 8}" y="{y + 4}">{value:.3f} ({low:.3f} to {high:.3f})</text>')
    ticks = "".join(
        f'<text x="{left + width * tick:.1f}" y="{height - MARGIN + 18}" text-anchor="middle">{tick:g}</text>'
        for tick in (0, 0.25, 0.5, 0.75, 1)
    )
    return (
        f'<svg viewBox="0 0 {left + width + 190} {height}" role="img" aria-label="{escape(title)}">'
        f"{''.join(lines)}{ticks}</svg>"
    )


def escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def _x(value: float) -> float:
    return MARGIN + value * (SIZE - MARGIN - 24)


def _y(value: float) -> float:
    return SIZE - MARGIN - value * (SIZE - MARGIN - 24)


def _frame(title: str, below: str, beside: str, content: str) -> str:
    ticks = "".join(
        f'<text x="{_x(tick):.1f}" y="{SIZE - MARGIN + 16}" text-anchor="middle">{100 * tick:.0f} %</text>'
        f'<text x="{MARGIN - 6}" y="{_y(tick) + 4:.1f}" text-anchor="end">{100 * tick:.0f} %</text>'
        for tick in (0, 0.5, 1)
    )
    box = (
        f'<rect x="{_x(0)}" y="{_y(1)}" width="{_x(1) - _x(0)}" height="{_y(0) - _y(1)}" fill="none" stroke="#bbb"/>'
        f'<text x="{_x(0.5)}" y="{SIZE - 6}" text-anchor="middle">{below}</text>'
        f'<text transform="translate(12 {_y(0.5)}) rotate(-90)" text-anchor="middle">{beside}</text>'
    )
    return f'<svg viewBox="0 0 {SIZE} {SIZE}" role="img" aria-label="{title}">{box}{content}{ticks}</svg>'
