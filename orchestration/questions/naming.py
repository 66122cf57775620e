"""What a question names: a course or video by its title or id, a cohort by its week, a period by its month."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from rapidfuzz import fuzz, process, utils

SURE_TITLE = 90.0
SURE_OPTION = 80.0
_WEEK = re.compile(r"\b(\d{4})-?W(\d{1,2})\b", re.IGNORECASE)
_DAY = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b")
_MONTH = re.compile(r"\b(\d{4})-(\d{2})\b(?!-)")
MONTHS = "january february march april may june july august september october november december"
_MONTHS = MONTHS.split(" ")
_MONTH_IN_WORDS = re.compile(rf"\b({'|'.join(_MONTHS)})\s+(\d{{4}})\b", re.IGNORECASE)

Titles = Sequence[tuple[str, str]]
"""(id, title) of each course or video."""


class NotNamed(Exception):
    """Something that an option names does not exist, or cannot be read; the message says what there is."""


@dataclass(frozen=True)
class Named:
    """The parameters of a question, empty where nothing is named; their titles; and the question without them."""

    values: Mapping[str, str]
    titles: Mapping[str, str]
    rest: str


def named_in(text: str, titles: Mapping[str, Titles], options: Mapping[str, str]) -> Named:
    """What the question and the options name; an option beats the question. Raises NotNamed for an unknown option."""
    values = dict.fromkeys(("course", "video", "cohort", "period"), "")
    shown: dict[str, str] = {}
    rest = text
    for kind in ("video", "course"):
        named = _by_option(kind, options.get(kind, ""), titles[kind]) or _in_text(rest, titles[kind])
        if named:
            values[kind], shown[kind] = named
            rest = _without(rest, named[1])
    for kind, read in (("cohort", read_week), ("period", read_month)):
        wanted = options.get(kind, "")
        found_text, value = read(wanted or rest)
        if wanted and not value:
            raise NotNamed(
                f"--{kind} is '{wanted}'; expected {'2025-W40 or its Monday' if kind == 'cohort' else '2025-10'}."
            )
        values[kind] = value
        if value:
            shown[kind] = value
            rest = rest.replace(found_text, " ")
    return Named(values, shown, rest)


def read_week(text: str) -> tuple[str, str]:
    """(as written, Monday of the ISO week) of the first week or day named, else empty."""
    try:
        if match := _WEEK.search(text):
            return match.group(), date.fromisocalendar(int(match[1]), int(match[2]), 1).isoformat()
        if match := _DAY.search(text):
            day = date.fromisoformat(match.group())
            return match.group(), (day - timedelta(days=day.weekday())).isoformat()
    except ValueError:
        pass
    return "", ""


def read_month(text: str) -> tuple[str, str]:
    """(as written, the month as 2025-10) of the first month named, else empty."""
    if match := _MONTH.search(text):
        return (match.group(), match.group()) if 1 <= int(match[2]) <= 12 else ("", "")
    if match := _MONTH_IN_WORDS.search(text):
        return match.group(), f"{match[2]}-{_MONTHS.index(match[1].lower()) + 1:02d}"
    return "", ""


def _by_option(kind: str, wanted: str, titles: Titles) -> tuple[str, str] | None:
    if not wanted:
        return None
    for identifier, title in titles:
        if wanted == identifier or wanted.casefold() == title.casefold():
            return identifier, title
    near = process.extract(
        wanted, dict(titles), scorer=fuzz.WRatio, processor=utils.default_process, limit=3, score_cutoff=SURE_OPTION
    )
    if len(near) == 1 or (near and near[0][1] > near[1][1]):
        return near[0][2], near[0][0]
    known = "; ".join(f"'{title}'" for title, *_ in near) or "; ".join(f"'{title}'" for _, title in titles[:10])
    raise NotNamed(f"No {kind} is called '{wanted}'. {'Near it' if near else 'There'} are {known or 'none'}.")


def _in_text(text: str, titles: Titles) -> tuple[str, str] | None:
    """The longest title that stands in the text, spelling mistakes forgiven; ids count as well."""
    plain = utils.default_process(text)
    best: tuple[float, int, str, str] | None = None
    for identifier, title in titles:
        if identifier in text:
            return identifier, title
        processed = utils.default_process(title)
        if not processed or (" " not in processed and not _is_pointed_at(title, text)):
            continue
        score = fuzz.partial_ratio(processed, plain) if len(processed) <= len(plain) else 0.0
        if score >= SURE_TITLE and (best is None or (score, len(processed)) > best[:2]):
            best = (score, len(processed), identifier, title)
    return None if best is None else best[2:]


def _is_pointed_at(word: str, text: str) -> bool:
    """A course called Data is not meant by "how fresh are the data", but by "the course Data" and "in 'Data'"."""
    pointer = r"(?:course|video|module|called|named)\s+"
    quoted = rf"[\"'“‘]{re.escape(word)}[\"'”’]"
    return bool(re.search(rf"{quoted}|\b{pointer}{re.escape(word)}\b", text, re.IGNORECASE))


def _without(text: str, title: str) -> str:
    """The text without the title's words, so that they do not count when the question is matched."""
    where = fuzz.partial_ratio_alignment(title.lower(), text.lower())
    if where is None or where.score < SURE_TITLE:
        return text
    return f"{text[: where.dest_start]} {text[where.dest_end :]}"
