"""Did the fix work? Content that was changed, before against after."""

from itertools import groupby

from markupsafe import Markup

from orchestration.briefs.charts.rows import dots
from orchestration.briefs.marts import Marts, Row
from orchestration.briefs.page import Cell, Picture, Section, Table, missing, number, sentence
from orchestration.briefs.words import (
    because,
    clock,
    count,
    day,
    decimal,
    interval,
    listed,
    percent,
    points,
    points_interval,
    whole,
)

QUESTION = "Did the fix work?"
SHOWN_CHANGES = 4
VERDICTS = {
    "improved": ("improved", "good"),
    "no_difference_seen": ("no difference seen", ""),
    "worse": ("worse", "bad"),
    "too_early": ("too early to say", ""),
}
COUNTED = {
    "improved": "improved it",
    "no_difference_seen": "made no difference",
    "worse": "made it worse",
    "too_early": "cannot be judged yet",
}
MEASURES = {
    "hot_spot_hazard": "leave at the changed place",
    "completion": "complete it",
    "time_against_expected": "time it takes, over the expected time",
    "item_difficulty": "right at the first answer",
}
STEPS = {
    "worse": "it does worse than before: look at the change again, or take it back.",
    "no_difference_seen": "the change made no difference that matters: the cause lies elsewhere.",
    "improved": "the change worked; what was learned from it may help the next hot spot.",
}


def section(marts: Marts) -> Section:
    changes = [list(rows) for _, rows in groupby(marts.rows("changes"), lambda row: row["change_id"])]
    if not changes:
        return _nothing_changed()
    return Section(
        anchor="fix",
        question=QUESTION,
        answer=_answer(changes),
        explanation="Learners who first met the content before the change against those who first met it after, "
        "weighted to the same channels, and to the same cohorts where both sides have learners of them.",
        figures=_figures(changes),
        tables=[_table(changes)],
        next_steps=_next_steps(changes),
        caveat="This is no experiment: whatever else changed on the same day is part of the difference. Of twenty "
        "verdicts on content that did not change, one says otherwise.",
        tone=_tone([_verdict(rows) for rows in changes]),
    )


def _nothing_changed() -> Section:
    step = "When something is changed, send a line that says what and when: ‘warehouse put --kind changes FILE’."
    answer = sentence("No change of content was written down.")
    return Section("fix", QUESTION, answer, next_steps=[sentence("{}", step)])


def _verdict(rows: list[Row]) -> str:
    """Of a change: that of its first measure, which is the hot spot's where there is one."""
    return rows[0]["verdict"]


def _tone(verdicts: list[str]) -> str:
    if "worse" in verdicts:
        return "bad"
    return "early" if set(verdicts) == {"too_early"} else ""


def _answer(changes: list[list[Row]]) -> Markup:
    verdicts = [_verdict(rows) for rows in changes]
    parts = [f"{verdicts.count(name)} {words}" for name, words in COUNTED.items() if name in verdicts]
    first = next((rows[0] for rows in changes if rows[0]["verdict"] == "improved"), changes[0][0])
    return sentence(
        "Of {}: {}. <b>{}</b>, changed on {}: {}.",
        count(len(changes), "change", "changes"),
        listed(parts),
        first["title"],
        day(first["changed_date"]),
        _in_words(first),
    )


def _in_words(row: Row) -> str:
    if row["before_value"] is None:
        return because(row["verdict_reason"])
    before, after = (_value(row, side) for side in ("before", "after"))
    subject = {"hot_spot_hazard": "of those who got to the place ", "completion": "of those who reached it "}
    ending = {"hot_spot_hazard": " left there", "completion": " completed it"}
    what = row["measure"]
    done = ending.get(what, f" ({MEASURES[what]})")
    difference = f"{_difference(row)}, 95 % interval {_difference_interval(row)}"
    return f"{subject.get(what, '')}{before}{done} before, {after} after ({difference})"


def _value(row: Row, side: str) -> str:
    value = row[f"{side}_value"]
    return f"{decimal(value, 2)}×" if row["measure"] == "time_against_expected" else percent(value)


def _value_interval(row: Row, side: str) -> str:
    low, high = row[f"{side}_value_low"], row[f"{side}_value_high"]
    is_time = row["measure"] == "time_against_expected"
    return f"{decimal(low, 2)} to {decimal(high, 2)}" if is_time else interval(low, high)


def _difference(row: Row) -> str:
    is_time = row["measure"] == "time_against_expected"
    return f"{decimal(row['difference'], 2)}×" if is_time else points(row["difference"])


def _difference_interval(row: Row) -> str:
    low, high = row["difference_low"], row["difference_high"]
    is_time = row["measure"] == "time_against_expected"
    return f"{decimal(low, 2)} to {decimal(high, 2)}" if is_time else points_interval(low, high)


def _figures(changes: list[list[Row]]) -> list[Picture]:
    """Shares before and after; times have no place between 0 and 100 %."""
    rows = [
        (
            row["title"],
            MEASURES[row["measure"]],
            VERDICTS[row["verdict"]][1],
            [tuple(row[f"{side}_value{bound}"] for bound in ("", "_low", "_high")) for side in ("before", "after")],
            because(row["verdict_reason"], ""),
            None,
        )
        for change in changes[:SHOWN_CHANGES]
        for row in change[:1]
        if row["measure"] != "time_against_expected"
    ]
    reading = "If a fix worked, the filled mark is clearly apart from the hollow one, on the good side."
    return [Picture("dots", dots(rows, ["before", "after"]), "Before and after the change", reading)] if rows else []


def _table(changes: list[list[Row]]) -> Table:
    left = len(changes) - SHOWN_CHANGES
    return Table(
        "Changes, the latest first",
        ["Content", "Measure", "Before", "After", "Difference", "Verdict"],
        [_row(row, is_first=row is rows[0]) for rows in changes[:SHOWN_CHANGES] for row in rows],
        f"{count(left, 'more change is', 'more changes are')} in marts.agg_content_changes." if left > 0 else "",
    )


def _row(row: Row, is_first: bool) -> list[Cell]:
    words, tone = VERDICTS[row["verdict"]]
    place = (
        f"{clock(row['spot_start_seconds'])}–{clock(row['spot_end_seconds'])}"
        if row["spot_start_seconds"] is not None
        else ""
    )
    kind = f"{row['change_kind'] or 'changed'} on {day(row['changed_date'])}"
    about = ". ".join(part for part in (kind, row["note"]) if part)
    shown = (
        [missing(because(row["verdict_reason"])), missing(""), missing("")]
        if row["before_value"] is None
        else [
            number(_value(row, "before"), f"{whole(row['before_count'])} learners; {_value_interval(row, 'before')}"),
            number(_value(row, "after"), f"{whole(row['after_count'])} learners; {_value_interval(row, 'after')}"),
            number(_difference(row), _difference_interval(row)),
        ]
    )
    return [
        Cell(row["title"], about) if is_first else Cell(""),
        Cell(MEASURES[row["measure"]], place),
        *shown,
        Cell(words, kind="mark", tone=tone),
    ]


def _next_steps(changes: list[list[Row]]) -> list[Markup]:
    steps = [
        sentence("<b>{}</b>: {}", rows[0]["title"], STEPS[name])
        for name in STEPS
        for rows in changes[:SHOWN_CHANGES]
        if _verdict(rows) == name
    ]
    return steps[:3] or [sentence("Wait for more learners: the intervals still allow both a gain and none.")]
