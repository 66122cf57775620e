"""Numbers as people read them, as ClickHouse expressions: `60 % (55–64 %)`, `4:00`, `1.4× (1.2–1.6×)`.

A value that is NULL shows why it is, and is never shown as zero. Leading blanks make texts sort as the numbers do.
"""

import re
from collections.abc import Mapping
from typing import Any

REASONS = {
    "suppressed": "too few learners",
    "censored": "too early to say",
    "course_ended": "the course is over",
    "not_reported": "completion not reported",
    "unknown_strata": "cohort or channel unknown",
    "low_support": "too few comparable learners",
    "few_covered": "too few saw it",
    "few_uncovered": "almost everyone saw it",
    "inconclusive": "no clear answer yet",
    "not_assessed": "no assessment",
    "wide_interval": "too few learners yet to tell",
    "no_place": "no hot spot there before",
    "no_expected_time": "no expected time given",
    "unknown_channel": "channel unknown",
}
"""What a mart's `*_reason` means, in a cell."""
UNKNOWN = "–"
_BOUNDS = ("", "_low", "_high")


class UnknownForm(Exception):
    """A column of `datasets.yaml` asks for a form that does not exist."""


def expression_of(said: Mapping[str, Any]) -> str:
    """The SQL of a made column: its own, or that of the form it asks for. Raises UnknownForm."""
    if "sql" in said:
        return _filled(" ".join(said["sql"].split()))
    form = next((form for form in FORMS if form in said), None)
    if form is None:
        raise UnknownForm(f"The column {said['name']} has neither 'sql' nor one of {', '.join(FORMS)}.")
    return FORMS[form](said[form], said)


def _filled(sql: str) -> str:
    """SQL with its places filled: {column} is a time of a video, {reason:column} a reason, {count:column} a count."""
    sql = re.sub(r"\{count:(\w+)\}", lambda match: _thousands(match.group(1)), sql)
    sql = re.sub(r"\{reason:(\w+)\}", lambda match: _missing({"reason": match.group(1)}), sql)
    return re.sub(r"\{(\w+)\}", lambda match: _clock(match.group(1), {}), sql)


def _thousands(value: str) -> str:
    """A count with a comma before each three digits: 1,234,567."""
    number = f"toUInt64({value})"
    thousands, rest = (f"leftPad(toString(intDiv({number}, {size}) % 1000), 3, '0')" for size in (1000, 1))
    return (
        f"multiIf({number} < 1000, toString({number}), "
        f"{number} < 1000000, concat(toString(intDiv({number}, 1000)), ',', {rest}), "
        f"concat(toString(intDiv({number}, 1000000)), ',', {thousands}, ',', {rest}))"
    )


def _missing(said: Mapping[str, Any]) -> str:
    """Why there is no value: the reason's words, or that a group is too small."""
    if reason := said.get("reason"):
        codes = ", ".join(f"'{code}'" for code in REASONS)
        words = ", ".join(f"'{text}'" for text in REASONS.values())
        return f"transform(toString({reason}), [{codes}], [{words}], '{UNKNOWN}')"
    if flag := said.get("suppressed"):
        return f"if({flag}, '{REASONS['suppressed']}', '{UNKNOWN}')"
    return f"'{UNKNOWN}'"


def _with_reason(value: str, text: str, said: Mapping[str, Any]) -> str:
    return f"if(isNull({value}), {_missing(said)}, {text})"


def _percent(value: str, said: Mapping[str, Any]) -> str:
    text = f"leftPad(toString(round(100 * assumeNotNull({value}))), 3, ' '), ' %'"
    if said.get("bounds", True):
        low, high = (f"toString(round(100 * assumeNotNull({value}_{bound})))" for bound in ("low", "high"))
        text += f", ' (', {low}, '–', {high}, ')'"
    return _with_reason(value, f"concat({text})", said)


def _points(value: str, said: Mapping[str, Any]) -> str:
    """A difference of two shares, in percentage points with its sign."""
    # Plus 0: what rounds to zero from below has no sign.
    middle, low, high = (f"toString(round(100 * assumeNotNull({value}{bound})) + 0)" for bound in _BOUNDS)
    shown = f"if(round(100 * {value}) > 0, '+', ''), {middle}"
    return _with_reason(value, f"concat({shown}, ' points (', {low}, ' to ', {high}, ')')", said)


def _decimals(value: str, said: Mapping[str, Any], sign: str = "") -> str:
    digits = said.get("digits", 1)
    # Plus 0: what rounds to zero from below has no sign.
    shown = [f"toDecimalString(round(assumeNotNull({value}{bound}), {digits}) + 0, {digits})" for bound in _BOUNDS]
    text = f"{shown[0]}, '{sign}'"
    if said.get("bounds", True):
        text = f"{shown[0]}, '{sign} (', {shown[1]}, ' to ', {shown[2]}, ')'"
    return _with_reason(value, f"concat({text})", said)


def _times(value: str, said: Mapping[str, Any]) -> str:
    return _decimals(value, said, "×")


def _clock(value: str, said: Mapping[str, Any]) -> str:
    """Seconds as 4:00, from an hour on as 1:04:00."""
    seconds = f"toUInt32(round(toFloat64(assumeNotNull({value}))))"
    minutes = f"leftPad(toString(intDiv({seconds} % 3600, 60)), 2, '0')"
    rest = f"leftPad(toString({seconds} % 60), 2, '0')"
    short = f"concat(toString(intDiv({seconds}, 60)), ':', {rest})"
    long = f"concat(toString(intDiv({seconds}, 3600)), ':', {minutes}, ':', {rest})"
    return _with_reason(value, f"if({seconds} >= 3600, {long}, {short})", said)


def _words(value: str, said: Mapping[str, Any]) -> str:
    """Codes of a closed list in words; what the list does not have stays as it is."""
    codes = ", ".join(f"'{code}'" for code in said["means"])
    words = ", ".join("'" + text.replace("'", "\\'") + "'" for text in said["means"].values())
    return f"transform(toString({value}), [{codes}], [{words}], toString({value}))"


FORMS = {
    "percent": _percent,
    "points": _points,
    "decimals": _decimals,
    "times": _times,
    "clock": _clock,
    "words": _words,
}
