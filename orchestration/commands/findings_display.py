"""The demo's results for the eye: a drop-off curve drawn with block characters, and the table of findings."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from rich.console import Console

    from orchestration.simulate.findings import PlantedFinding

WIDTH, HEIGHT = 72, 10
EIGHTHS = " ▁▂▃▄▅▆▇█"

Bin = tuple[float, float, float | None]


def show_curve(console: "Console", title: str, rows: Sequence[Sequence], mark_seconds: float) -> None:
    """The share of starters still watching, by position in the video."""
    bins = [(float(start), float(end), None if share is None else float(share)) for start, end, share, _ in rows]
    if not any(share is not None for _, _, share in bins):
        console.print(f"\nNo drop-off curve of '{escape(title)}': too few learners started it to show one.")
        return
    started = max(row[3] for row in rows)
    console.print(f"\n[bold]Still watching '{escape(title)}'[/], share of {started:,} learners who started it")
    for line in curve_lines(bins, mark_seconds):
        console.print(line, markup=False, no_wrap=True)


def curve_lines(
    bins: Sequence[Bin], mark_seconds: float, width: int = WIDTH, height: int = HEIGHT, sign: str = "planted"
) -> list[str]:
    """The curve as lines of text, highest first; the last two are the axis, with a place marked by its sign."""
    length = max(end for _, end, _ in bins)
    shares = [share_at(bins, (column + 0.5) / width * length) for column in range(width)]
    lines = []
    for row in range(height, 0, -1):
        label = f"{100 * row // height:>3} %" if row in (height, height // 2) else ""
        lines.append(f"{label:>6} ┤" + "".join(_cell(share, row, height) for share in shares))
    mark = min(width - 1, round(mark_seconds / length * width))
    axis = "".join("┴" if column == mark else "─" for column in range(width))
    end = clock(length)
    mark_text = f"▲ {sign} at {clock(mark_seconds)}"
    below = f"{'0:00':<{mark}}{mark_text}" if mark > len("0:00") else " " * mark + mark_text
    return [*lines, f"{'0 %':>6} └{axis}", f"{'':8}{below:<{width - len(end)}}{end}"]


def share_at(bins: Sequence[Bin], seconds: float) -> float:
    """Share still watching at the end of the bin that holds this position; of the last known bin where it is hidden."""
    share = 1.0
    for start, _, value in bins:
        if start > seconds:
            break
        share = value if value is not None else share
    return share


def _cell(share: float, row: int, height: int) -> str:
    eighths = round(share * height * 8) - (row - 1) * 8
    return EIGHTHS[max(0, min(8, eighths))]


def clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"


def show_findings(console: "Console", findings: Sequence["PlantedFinding"]) -> None:
    """One row per question; the detail below it where there is one."""
    table = Table(title="What was planted, and what the marts say", title_justify="left", header_style="bold")
    table.add_column("PlantedFinding", overflow="fold")
    for name in ("Planted", "Measured", "Interval"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for finding in findings:
        question = escape(finding.question) + (f"\n[dim]{escape(finding.detail)}[/]" if finding.detail else "")
        interval = "" if finding.low is None else f"{number(finding.low)} … {number(finding.high)}"
        verdict = "[green]✓ met[/]" if finding.is_met else "[bold red]✗ missed[/]"
        table.add_row(question, number(finding.planted), number(finding.measured), interval, verdict)
    console.print()
    console.print(table)


def number(value: str | float | None) -> str:
    """Counts with separators, ratios with three digits."""
    if value is None:
        return ""
    if isinstance(value, str):
        return escape(value)
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.1f}" if abs(value) >= 10 else f"{value:.3f}"
