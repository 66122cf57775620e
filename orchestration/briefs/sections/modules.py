"""Which content loses learners, and which is only hard? Verdicts, crude completion beside adjusted."""

from markupsafe import Markup

from orchestration.briefs.charts.plot import Value
from orchestration.briefs.charts.rows import dots
from orchestration.briefs.marts import Marts, Row
from orchestration.briefs.page import Cell, Picture, Section, Table, missing, number, sentence
from orchestration.briefs.words import because, count, decimal, duration, interval, listed, percent, whole

SHOWN_UNITS = 6
SHOWN_ROWS = 9
SHOWN_STEPS = 3
ORDER = ("losing", "hard", "dense", "thin")
MEANING = {
    "losing": ("losing learners", "bad"),
    "hard": ("hard, but it works", "warn"),
    "dense": ("takes far too long", "warn"),
    "thin": ("hardly any work in it", "warn"),
    "working": ("working", "good"),
    "not_comparable": ("cannot be compared", ""),
}
WHAT_TO_DO = {
    "losing": "learners who finish it also answer poorly. Go through it as a learner does, and rework it first.",
    "hard": "few finish it, yet those who do know the material. Keep the content; add support, steps or time.",
    "dense": "it takes more than {} times as long as planned. Split it, or plan the time it takes.",
    "thin": "it takes {} of the planned time, and answers are not better for it. Check that it asks for work.",
}


def section(marts: Marts) -> Section:
    units = marts.rows("units")
    flagged = sorted(
        (unit for unit in units if unit["verdict"] in ORDER and not _is_said_by_module(unit, units)),
        key=lambda unit: (ORDER.index(unit["verdict"]), -(unit["missing_completions"] or 0)),
    )
    shown = flagged[:SHOWN_UNITS]
    drawn = _drawn(units, flagged)
    return Section(
        anchor="content",
        question="Which content loses learners, and which is only hard?",
        answer=_answer(units, flagged),
        explanation=sentence(
            "Completion is shown twice: as counted, and adjusted to the course’s mix of cohorts and channels, so that "
            "content with a harder audience is not blamed for it."
        ),
        figures=[_figure(drawn)] if drawn else [],
        tables=[_table(shown, len(flagged))] if shown else [],
        next_steps=[_next_step(unit) for unit in shown[:SHOWN_STEPS]] or _no_steps(units),
        caveat="A verdict needs its whole interval beyond the limit. “Adjusted” controls for cohort month and "
        "acquisition channel, not for what was never recorded.",
        tone="bad" if any(unit["verdict"] == "losing" for unit in flagged) else "",
    )


def _is_said_by_module(unit: Row, units: list[Row]) -> bool:
    """An activity whose module has the same verdict is no finding of its own."""
    return unit["unit_kind"] == "activity" and any(
        module["unit_id"] == unit["module_id"]
        and module["course_id"] == unit["course_id"]
        and module["verdict"] == unit["verdict"]
        for module in units
    )


def _answer(units: list[Row], flagged: list[Row]) -> Markup:
    if not units:
        return sentence("There is nothing to judge yet: no course content has learners.")
    comparable = [unit for unit in units if unit["verdict"] != "not_comparable"]
    if not flagged:
        if not comparable:
            why = listed(sorted({because(unit["verdict_reason"]) for unit in units}))
            return sentence("No content can be judged yet: {}.", why)
        return sentence("All {} that can be compared do their work.", count(len(comparable), "unit", "units"))
    losing = [unit for unit in flagged if unit["verdict"] == "losing"]
    hard = [unit for unit in flagged if unit["verdict"] == "hard"]
    first = losing[0] if losing else flagged[0]
    parts = [
        sentence(
            "<b>{}</b> is {}: adjusted for its audience, {} of those who reach it complete it ({}), against {} "
            "of comparable content.",
            first["title"],
            MEANING[first["verdict"]][0],
            percent(first["completion_ratio_standardised"]),
            _interval(first, "completion_ratio_standardised"),
            percent(first["completion_benchmark"]),
        )
        if first["completion_ratio_standardised"] is not None and first["completion_benchmark"] is not None
        else sentence("<b>{}</b> {}.", first["title"], MEANING[first["verdict"]][0])
    ]
    if losing and hard:
        titles = sentence(listed(["<b>{}</b>"] * len(hard[:2])), *(unit["title"] for unit in hard[:2]))
        parts.append(sentence("{} {} only hard.", titles, "is" if len(hard[:2]) == 1 else "are"))
    return Markup(" ").join(parts)


def _drawn(units: list[Row], flagged: list[Row]) -> list[Row]:
    """Flagged units, then modules to compare them with, as many as fit, in the order of the course."""
    others = [unit for unit in units if unit["unit_kind"] == "module" and unit not in flagged]
    chosen = [*flagged[:SHOWN_UNITS], *others][:SHOWN_ROWS]
    return [unit for unit in units if unit in chosen]


def _figure(units: list[Row]) -> Picture:
    rows = [
        (
            unit["title"],
            MEANING[unit["verdict"]][0],
            MEANING[unit["verdict"]][1],
            [_value(unit, "completion_ratio"), _value(unit, "completion_ratio_standardised")],
            because(unit["completion_reason"] or unit["comparable_reason"], ""),
            unit["completion_benchmark"],
        )
        for unit in units
    ]
    return Picture(
        "dots",
        dots(rows, ["as counted", "adjusted for cohort and channel"], "median of comparable content"),
        "Completed, of those who reached it",
        "Lines are 95 % intervals. Where both marks agree, the audience is not the reason.",
    )


def _value(unit: Row, name: str) -> Value:
    return unit[name], unit[f"{name}_low"], unit[f"{name}_high"]


def _interval(unit: Row, name: str) -> str:
    return interval(unit[f"{name}_low"], unit[f"{name}_high"])


def _table(units: list[Row], total: int) -> Table:
    left = total - len(units)
    return Table(
        "Content with a finding",
        [
            "Content",
            "Verdict",
            "Completed, as counted",
            "Completed, adjusted",
            "Right answers after",
            "Time against plan",
        ],
        [_row(unit) for unit in units],
        f"{count(left, 'more unit has', 'more units have')} a finding: see marts.agg_content_effectiveness."
        if left > 0
        else "",
    )


def _row(unit: Row) -> list[Cell]:
    meaning, tone = MEANING[unit["verdict"]]
    kind = unit["activity_type"] if unit["unit_kind"] == "activity" else "module"
    counted = f"{whole(unit['completed_count'] or 0)} of {whole(unit['reached_count'])}"
    return [
        Cell(unit["title"], " · ".join(part for part in (unit["course_title"], kind) if part)),
        Cell(meaning, kind="mark", tone=tone),
        _ratio(unit, "completion_ratio", f"{counted}; ", unit["completion_reason"]),
        _ratio(unit, "completion_ratio_standardised", "", unit["comparable_reason"]),
        _ratio(
            unit, "assessment_ratio", f"{count(unit['judged_count'] or 0, 'learner', 'learners')}; ", "not_assessed"
        ),
        _time(unit),
    ]


def _ratio(unit: Row, name: str, before: str, reason: str) -> Cell:
    if unit[name] is None:
        return missing(because(reason or "suppressed"))
    return number(percent(unit[name]), before + _interval(unit, name))


def _time(unit: Row) -> Cell:
    if unit["median_time_ratio"] is None:
        return missing("too few learners timed" if unit["expected_seconds"] else "no planned time")
    low, high = decimal(unit["median_time_ratio_low"]), decimal(unit["median_time_ratio_high"])
    return number(f"{decimal(unit['median_time_ratio'])} ×", f"{low}–{high}; plan {duration(unit['expected_seconds'])}")


def _next_step(unit: Row) -> Markup:
    text = WHAT_TO_DO[unit["verdict"]]
    if unit["verdict"] == "dense":
        text = text.format(decimal(unit["median_time_ratio_low"]))
    if unit["verdict"] == "thin":
        text = text.format(percent(unit["median_time_ratio"]))
    lost = unit["missing_completions"] or 0
    size = (
        f" At the rate of comparable content, {whole(lost)} more learners would have completed it."
        if unit["verdict"] in ("losing", "hard") and lost >= 1
        else ""
    )
    return sentence("<b>{}</b>: {}{}", unit["title"], text, size)


def _no_steps(units: list[Row]) -> list[Markup]:
    reasons = {unit["verdict_reason"] for unit in units}
    if "unknown_strata" in reasons:
        return [sentence("Deliver learners with their acquisition channel: without it nothing can be adjusted.")]
    return [sentence("Nothing to rework this week.")]
