"""Numbers as people read them: 4:00, 60 %, 57–63 %, 1,353. What is missing says why, and is never a zero."""

from datetime import date, datetime, timedelta

SPACE = "\u00a0"
"""Keeps a number and its unit on one line."""
JOIN = "\u2060"
"""Keeps an interval on one line."""
MINUS = "−"
REASONS = {
    "suppressed": "too few learners to show",
    "censored": "too early to say",
    "course_ended": "the course was over",
    "not_reported": "completion is not reported",
    "unknown_strata": "learners’ channels are unknown",
    "low_support": "too few like the course’s learners",
    "not_assessed": "no question assesses it",
    "few_covered": "too few learners covered it",
    "few_uncovered": "nearly all learners covered it",
    "no_other_problems": "no other question to compare with",
    "too_few_learners": "too few learners to tell",
    "no_variance": "all answered alike",
    "inconclusive": "the interval allows several verdicts",
}


def because(reason: str, otherwise: str = "not known") -> str:
    """Why a value is missing, in words; a reason that is not listed stands as it is."""
    return REASONS.get(reason, reason.replace("_", " ")) or otherwise


def clock(seconds: float) -> str:
    """A position in a video: 4:00, 1:02:05."""
    whole = int(seconds)
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def percent(ratio: float) -> str:
    """A share with no false precision: whole percents, one digit near 0 and 1."""
    return f"{_percent_digits(ratio)}{SPACE}%"


def interval(low: float, high: float) -> str:
    """A 95 % interval of a share: 57–63 %."""
    return f"{_percent_digits(low)}–{JOIN}{_percent_digits(high)}{SPACE}%"


def _percent_digits(ratio: float) -> str:
    if 0 < ratio < 0.0005 or 0.9995 < ratio < 1:
        return "<0.1" if ratio < 0.5 else ">99.9"
    is_near_an_end = 0 < abs(ratio) < 0.0095 or 0.9905 < ratio < 1
    return f"{100 * ratio:.1f}" if is_near_an_end else f"{100 * ratio:.0f}"


def points(difference: float) -> str:
    """A difference of two shares: +18 points."""
    return f"{signed(100 * difference)}{SPACE}points"


def points_interval(low: float, high: float) -> str:
    return f"{signed(100 * low)} to {signed(100 * high)}"


def signed(number: float) -> str:
    """A whole number with its sign; zero has none."""
    whole = round(number)
    return f"+{whole}" if whole > 0 else f"{MINUS}{-whole}" if whole < 0 else "0"


def decimal(number: float, digits: int = 1) -> str:
    text = f"{number:.{digits}f}"
    return text.removeprefix("-") if float(text) == 0 else text.replace("-", MINUS)


def whole(number: float) -> str:
    return f"{round(number):,}".replace("-", MINUS)


def count(number: float, one: str, several: str) -> str:
    """A number with its noun (and verb): 1 learner, 1,353 learners."""
    return f"{round(number):,}{SPACE}{one if round(number) == 1 else several}"


def duration(seconds: float) -> str:
    """A span in its largest sensible unit: 40 s, 12 min, 3.5 h, 2.1 days."""
    size = abs(seconds)
    for limit, unit, divisor in ((90, "s", 1), (5400, "min", 60), (172_800, "h", 3600)):
        if size < limit:
            digits = 0 if divisor == 1 or size / divisor >= 10 else 1
            return f"{seconds / divisor:.{digits}f}{SPACE}{unit}".replace("-", MINUS)
    return f"{seconds / 86_400:,.1f}{SPACE}days".replace("-", MINUS)


def day(when: date) -> str:
    """Mon 3 Nov."""
    return f"{when:%a} {when.day}{SPACE}{when:%b}"


def moment(when: datetime) -> str:
    """3 November 2025, 14:05 UTC."""
    return f"{when.day} {when:%B %Y}, {when:%H:%M}{SPACE}UTC"


def week_label(monday: date) -> str:
    """The ISO week: 2025-W45."""
    year, week, _ = monday.isocalendar()
    return f"{year}-W{week:02d}"


def week_in_words(monday: date) -> str:
    """3–9 November 2025."""
    sunday = monday + timedelta(days=6)
    if monday.year != sunday.year:
        return f"{monday.day} {monday:%B %Y} – {sunday.day} {sunday:%B %Y}"
    if monday.month != sunday.month:
        return f"{monday.day} {monday:%B} – {sunday.day} {sunday:%B %Y}"
    return f"{monday.day}–{sunday.day} {sunday:%B %Y}"


def listed(parts: list[str]) -> str:
    """a, b and c."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def shortened(text: str, length: int) -> str:
    """At most `length` characters, the end marked where it was cut."""
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"
