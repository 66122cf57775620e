"""Where do learners stop? Hot spots of videos, with what to look at."""

from itertools import groupby
from statistics import median

from markupsafe import Markup

from orchestration.briefs.charts.curves import curve
from orchestration.briefs.limits import at_least
from orchestration.briefs.marts import Marts, Row
from orchestration.briefs.page import Cell, Picture, Section, Table, number, sentence
from orchestration.briefs.words import SPACE, clock, count, day, interval, percent, whole

MARKS = {"known": "known since", "being_worked_on": "being worked on since", "changed": "changed on"}
SHOWN_SPOTS = 6
SHOWN_CURVES = 3
REPEATED = 1.5
"""Times the video's usual number of repeated viewings, from which a place is one that people go back to."""


def section(marts: Marts) -> Section:
    spots = marts.rows("hot_spots")
    judged = marts.row("videos_judged")
    if not spots:
        return _nothing_found(judged)
    bins = _bins(marts, spots)
    return Section(
        anchor="stop",
        question="Where do learners stop watching?",
        answer=_answer(spots),
        explanation=sentence(
            "{} of {} {} enough viewers for a test. A hot spot is a place where significantly more learners leave for "
            "good than at the same place of other videos.",
            whole(judged["tested_count"]),
            count(judged["video_count"], "video", "videos"),
            "has" if judged["tested_count"] == 1 else "have",
        ),
        figures=_figures(spots, bins),
        tables=[_table(spots)],
        next_steps=[_next_step(spot, bins.get(spot["video_id"], [])) for spot in spots[:SHOWN_CURVES]],
        caveat="“Leave for good” means: the first viewing ends there, the video is not completed, and nothing more of "
        "it is watched within the return horizon.",
        tone="bad",
    )


def _nothing_found(judged: Row) -> Section:
    tested = judged.get("tested_count", 0)
    answer = (
        sentence(
            "No place of the {} that could be tested loses significantly more learners than the same place of other "
            "videos.",
            count(tested, "video", "videos"),
        )
        if tested
        else sentence(
            "It is too early to say: none of {} has enough viewers whose exit can be judged.",
            count(judged.get("video_count", 0), "video", "videos"),
        )
    )
    step = sentence("Nothing to do here this week. {}", "Look again when more learners have watched.")
    return Section(
        "stop", "Where do learners stop watching?", answer, next_steps=[step], tone="" if tested else "early"
    )


def _answer(spots: list[Row]) -> Markup:
    first = spots[0]
    lost = first["excess_learners_lost"]
    others = (
        sentence(" {} more {} below.", len(spots) - 1, "hot spot is" if len(spots) == 2 else "hot spots are")
        if len(spots) > 1
        else ""
    )
    share = (
        sentence(" ({} of all who started; 95 % interval {})", percent(first["drop_off_ratio"]), _interval(first))
        if first["drop_off_ratio"] is not None
        else ""
    )
    return sentence(
        "At <b>{}</b> of <b>{}</b>, {} leave for good{}: about {} more than comparable videos lose there.{}",
        clock(first["start_seconds"]),
        first["title"],
        count(first["dropped_count"], "learner", "learners"),
        share,
        whole(lost),
        others,
    )


def _interval(spot: Row) -> str:
    return interval(spot["drop_off_ratio_low"], spot["drop_off_ratio_high"])


def _first_videos(spots: list[Row]) -> list[str]:
    return list(dict.fromkeys(spot["video_id"] for spot in spots))[:SHOWN_CURVES]


def _bins(marts: Marts, spots: list[Row]) -> dict[str, list[Row]]:
    rows = marts.rows("curves", videos=_first_videos(spots))
    return {video: list(bins) for video, bins in groupby(rows, lambda row: row["video_id"])}


def _figures(spots: list[Row], bins: dict[str, list[Row]]) -> list[Picture]:
    """A curve for each of the first videos; a single one is wide."""
    drawn = [bins[video] for video in _first_videos(spots) if bins.get(video)]
    width = 340 if len(drawn) > 1 else 620
    return [_figure(spots, rows, width) for rows in drawn]


def _figure(spots: list[Row], bins: list[Row], width: float) -> Picture:
    own = [spot for spot in spots if spot["video_id"] == bins[0]["video_id"]]
    marks = [(float(spot["start_seconds"]), float(spot["end_seconds"]), clock(spot["start_seconds"])) for spot in own]
    is_open = " Some viewings are still open." if any(row["is_provisional"] for row in bins) else ""
    return Picture(
        "curve",
        curve(bins, marks, width),
        own[0]["title"],
        f"Still watching, of {count(own[0]['started_count'], 'starter', 'starters')}; 95{SPACE}% band." + is_open,
    )


def _table(spots: list[Row]) -> Table:
    left = len(spots) - SHOWN_SPOTS
    return Table(
        "Hot spots, the most learners lost first",
        ["Video", "At", "Leave there, of starters", "Of those who got there", "Lost beyond expectation", "This week"],
        [_row(spot) for spot in spots[:SHOWN_SPOTS]],
        f"{count(left, 'more hot spot is', 'more hot spots are')} in marts.agg_video_hot_spots." if left > 0 else "",
    )


def _row(spot: Row) -> list[Cell]:
    where = " · ".join(part for part in (spot["course_title"], spot["module_title"]) if part)
    starters = f"{whole(spot['dropped_count'])} of {whole(spot['started_count'])}"
    return [
        Cell(spot["title"], where),
        number(f"{clock(spot['start_seconds'])}–{clock(spot['end_seconds'])}", _mark(spot)),
        number(percent(spot["drop_off_ratio"]), f"{starters}; {_interval(spot)}")
        if spot["drop_off_ratio"] is not None
        else number(starters, "share too early to say"),
        number(
            percent(spot["hazard"]),
            f"{percent(spot['expected_hazard'])} expected; {whole(spot['at_risk_count'])} got there",
        ),
        number(whole(spot["excess_learners_lost"]), "learners"),
        number(at_least(spot["week_exit_count"]), "ended here"),
    ]


def _mark(spot: Row) -> str:
    """What a designer wrote down about the place; empty when nothing."""
    return f"{MARKS[spot['mark']]} {day(spot['marked_date'])}" if spot["mark"] else ""


def _next_step(spot: Row, bins: list[Row]) -> Markup:
    if spot["mark"] == "changed":
        return sentence("<b>{}</b>: {}; see below whether that helped.", spot["title"], _mark(spot))
    start = max(0.0, float(spot["start_seconds"]) - 20)
    return sentence(
        "<b>{}</b>: watch {}–{}. {}",
        spot["title"],
        clock(start),
        clock(float(spot["end_seconds"]) + 10),
        what_they_do(spot, bins),
    )


def what_they_do(spot: Row, bins: list[Row]) -> str:
    """A hint from what viewers do at the hot spot: they go back, they jump on, or they just leave."""
    inside = [row for row in bins if spot["start_seconds"] <= row["bin_start_seconds"] < spot["end_seconds"]]
    if not inside:
        return "Look for what ends the viewing there."
    usual = median(row["rewatch_count"] for row in bins)
    most = max(row["rewatch_count"] for row in inside)
    jumps = sum(row["seek_away_count"] for row in inside)
    if most >= 10 and most >= REPEATED * usual:
        return (
            f"Viewers go back over it more than usual ({whole(most)} repeated viewings, {whole(usual)} at a usual "
            "place): it may be hard to follow."
        )
    if jumps >= 0.1 * spot["at_risk_count"]:
        return f"{count(jumps, 'viewer jumps', 'jumps')} away from it: it may be slow, or off the point."
    return (
        "They leave without going back or jumping on: look for something that feels like an end, sends them elsewhere, "
        "or asks for too much."
    )
