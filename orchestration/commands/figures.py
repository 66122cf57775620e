"""Numbers as a person reads them, in the few columns that a terminal has."""

_EIGHTHS = " ▏▎▍▌▋▊▉█"


def bar(part: float, whole: float, width: int, encoding: str = "utf-8") -> str:
    """A horizontal bar; what is not nothing is at least visible."""
    if part <= 0 or whole <= 0:
        return ""
    if not encoding.lower().startswith("utf"):
        return "#" * max(1, round(width * min(part / whole, 1.0)))
    eighths = max(1, round(8 * width * min(part / whole, 1.0)))
    return ("█" * (eighths // 8) + _EIGHTHS[eighths % 8]).rstrip()


def bytes_in_words(number: int) -> str:
    """1,234,567 is 1.2 MB."""
    if number < 1000:
        return f"{number} B"
    value = number / 1000
    for unit in ("kB", "MB", "GB"):
        if value < 999.95:
            return f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:,.1f} TB"


def seconds_in_words(seconds: float) -> str:
    """One unit with one digit behind the point: 0.4 s, 12 s, 3.5 min, 2.1 h, 8.0 d."""
    size = abs(seconds)
    if size < 60:
        return f"{seconds:.0f} s" if size >= 10 or seconds == 0 else f"{seconds:.1f} s"
    for limit, divisor, unit in ((3600, 60, "min"), (86_400, 3600, "h")):
        if size < limit:
            return f"{seconds / divisor:.1f} {unit}"
    return f"{seconds / 86_400:,.1f} d"


def count(number: int, one: str, several: str) -> str:
    """A number with its noun (and verb)."""
    return f"{number:,} {one if number == 1 else several}"
