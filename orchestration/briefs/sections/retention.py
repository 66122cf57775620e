"""Who comes back? Cohorts by week, and how long the learners of each channel stay."""

from itertools import groupby

from markupsafe import Markup

from orchestration.briefs.charts.curves import lines
from orchestration.briefs.charts.rows import triangle
from orchestration.briefs.marts import Marts, Row
from orchestration.briefs.page import Cell, Picture, Section, Table, missing, number, sentence
from orchestration.briefs.words import because, count, decimal, interval, listed, percent, week_label, whole

SHOWN_CHANNELS = 6
STAY = "restricted_mean_active_weeks"


def section(marts: Marts) -> Section:
    stays = marts.rows("stays")
    horizon = judged_horizon(stays)
    at_horizon = [row for row in stays if row["horizon_weeks"] == horizon]
    channels = marts.rows("channels")
    cohorts = marts.rows("triangle")
    figures = triangle_of(cohorts)
    if any(row["survival_ratio"] is not None for row in channels):
        figures.append(_lines(channels, [row["acquisition_channel"] for row in at_horizon]))
    return Section(
        anchor="return",
        question="Who comes back, and which channel’s learners stay?",
        answer=_answer(at_horizon, horizon),
        explanation=_newest(cohorts),
        figures=figures,
        tables=[_table(at_horizon, horizon)] if at_horizon else [],
        next_steps=_next_steps(at_horizon),
        caveat="A week that is not over is hatched, not zero. Cells marked “few” have too few learners to show. "
        "Channels differ in who they bring: a difference is no proof that the channel causes it.",
    )


def judged_horizon(stays: list[Row]) -> int:
    """The longest horizon at which two channels can be judged, else one, else the longest there is."""
    horizons = sorted({row["horizon_weeks"] for row in stays}, reverse=True)
    judged = {weeks: sum(row[STAY] is not None for row in stays if row["horizon_weeks"] == weeks) for weeks in horizons}
    for at_least in (2, 1):
        for weeks in horizons:
            if judged[weeks] >= at_least:
                return weeks
    return horizons[0] if horizons else 0


def _answer(stays: list[Row], horizon: int) -> Markup:
    judged = [row for row in stays if row[STAY] is not None]
    if not judged:
        why = because(stays[0]["stay_reason"]) if stays else "no learner has started yet"
        return sentence("How long learners stay cannot be said yet: {}.", why)
    best, worst = judged[0], judged[-1]
    if len(judged) == 1:
        return sentence(
            "Learners of <b>{}</b> stay {} of the first {} weeks ({}).",
            _name(best),
            _weeks(best),
            horizon,
            _range(best),
        )
    if best[f"{STAY}_low"] <= worst[f"{STAY}_high"]:
        return sentence(
            "No channel’s learners surely stay longer than another’s: from <b>{}</b>, {} of the first {} weeks ({}), "
            "to <b>{}</b>, {} ({}).",
            *(_name(best), _weeks(best), horizon, _range(best), _name(worst), _weeks(worst), _range(worst)),
        )
    as_long = [_name(row) for row in judged[1:] if row[f"{STAY}_high"] >= best[f"{STAY}_low"]]
    tie = sentence(", not surely longer than {}", listed(as_long)) if as_long else ""
    return sentence(
        "Learners of <b>{}</b> stay shortest, {} of the first {} weeks ({}); those of <b>{}</b> longest, {} ({}){}.",
        *(_name(worst), _weeks(worst), horizon, _range(worst), _name(best), _weeks(best), _range(best), tie),
    )


def _name(row: Row) -> str:
    return row["acquisition_channel"].replace("_", " ")


def _weeks(row: Row) -> str:
    return decimal(row[STAY])


def _range(row: Row, name: str = STAY) -> str:
    return f"{decimal(row[f'{name}_low'])}–{decimal(row[f'{name}_high'])}"


def _newest(cohorts: list[Row]) -> Markup:
    """Week 1 of the newest cohort that has one, beside the cohort before it."""
    first_weeks = [row for row in cohorts if row["age_weeks"] == 1 and row["retention_ratio"] is not None]
    if not first_weeks:
        return Markup()
    newest = first_weeks[-1]
    before = (
        sentence("; of the cohort before it, {} did", percent(first_weeks[-2]["retention_ratio"]))
        if len(first_weeks) > 1
        else ""
    )
    return sentence(
        "Of the {} who started in {}, {} came back in the week after ({}){}.",
        count(newest["cohort_size"], "learner", "learners"),
        week_label(newest["cohort_week"]),
        percent(newest["retention_ratio"]),
        interval(newest["retention_ratio_low"], newest["retention_ratio_high"]),
        before,
    )


def triangle_of(rows: list[Row]) -> list[Picture]:
    """The retention triangle of these cells; none without cells."""
    if not rows:
        return []
    cohorts = []
    for week, group in groupby(rows, lambda row: row["cohort_week"]):
        cells = list(group)
        cohorts.append(
            (week_label(week), f"{whole(cells[0]['cohort_size'])} learners", [_tile(cell) for cell in cells])
        )
    figure = Picture(
        "triangle",
        triangle(cohorts),
        "Active again, by weeks since the cohort’s first",
        "One row for each week in which learners started. Hatched: the week is not over.",
    )
    return [figure]


def _tile(row: Row) -> tuple[float | None, str, str]:
    if row["retention_ratio"] is None:
        return None, row["retention_reason"], because(row["retention_reason"])
    hint = f"{whole(row['active_count'])} of {whole(row['cohort_size'])} learners"
    return (
        row["retention_ratio"],
        "",
        f"{hint}; {interval(row['retention_ratio_low'], row['retention_ratio_high'])}",
    )


def _lines(rows: list[Row], order: list[str]) -> Picture:
    """The largest channels, in the order of the table."""
    groups = {name: list(group) for name, group in groupby(rows, lambda row: row["acquisition_channel"])}
    known = [name for name in groups if any(row["survival_ratio"] is not None for row in groups[name])]
    largest = sorted(known, key=lambda name: -groups[name][0]["cohort_size"])[:SHOWN_CHANNELS]
    chosen = sorted(largest, key=lambda name: order.index(name) if name in order else len(order))
    values = {
        name.replace("_", " "): [
            (row["survival_ratio"], row["survival_ratio_low"], row["survival_ratio_high"]) for row in groups[name]
        ]
        for name in chosen
    }
    return Picture(
        "lines",
        lines(values, "weeks since the learner’s start"),
        "Still there, by channel",
        "Share of learners who have not churned, completed or left, with 95 % bands.",
    )


def _table(stays: list[Row], horizon: int) -> Table:
    return Table(
        f"How long the learners of a channel stay, of the first {horizon} weeks",
        ["Channel", "Learners", "Weeks they stay", "Weeks lost to churn"],
        [
            [
                Cell(_name(row)),
                number(whole(row["cohort_size"])),
                _mean(row, STAY),
                _mean(row, "weeks_lost_to_churn"),
            ]
            for row in stays
        ],
    )


def _mean(row: Row, name: str) -> Cell:
    if row[name] is None:
        return missing(because(row["stay_reason"]))
    return number(decimal(row[name]), _range(row, name))


def _next_steps(stays: list[Row]) -> list[Markup]:
    judged = [row for row in stays if row[STAY] is not None and row["weeks_lost_to_churn"] is not None]
    if len(judged) < 2:
        return [sentence("Compare channels again when more learners can be followed.")]
    worst = max(judged, key=lambda row: row["weeks_lost_to_churn"])
    best = min(judged, key=lambda row: row["weeks_lost_to_churn"])
    if worst["weeks_lost_to_churn_low"] <= best["weeks_lost_to_churn_high"]:
        return [sentence("No channel surely loses more to churn than another: spend no effort on one of them yet.")]
    return [
        sentence(
            "Learners of <b>{}</b> lose {} weeks to churn, those of <b>{}</b> {}: ask what {} promised, and greet its "
            "next learners in their first week.",
            _name(worst),
            decimal(worst["weeks_lost_to_churn"]),
            _name(best),
            decimal(best["weeks_lost_to_churn"]),
            _name(worst),
        )
    ]
