"""One brief: a course or all, the last whole week, everything read from the marts and put on a page."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from statistics import median

from clickhouse_connect.driver.client import Client

from orchestration.briefs.charts.rows import columns
from orchestration.briefs.marts import ALL, Marts, NotBuilt, Row
from orchestration.briefs.page import Brief, Cell, Picture, Section, render, render_empty, sentence
from orchestration.briefs.sections import changes, contacts, health, hot_spots, modules, questions, retention
from orchestration.briefs.words import count, day, moment, week_in_words, week_label, whole

SECTIONS: tuple[tuple[str, str, Callable[[Marts], Section]], ...] = (
    ("stop", "Where do learners stop watching?", hot_spots.section),
    ("fix", changes.QUESTION, changes.section),
    ("content", "Which content loses learners, and which is only hard?", modules.section),
    ("return", "Who comes back, and which channel’s learners stay?", retention.section),
    ("contact", "Who is about to leave, and is writing to them worth it?", contacts.section),
    ("questions", "Which questions does the content not teach?", questions.section),
    ("health", "Can these numbers be trusted?", health.section),
)
BUILD = "Run ‘warehouse run --job weekly’: it loads what is due and builds every mart."
FIRST_STEPS = (
    "Put statements into the lake with ‘warehouse put FILES --source NAME’, or point the warehouse at your bucket.",
    BUILD,
    "See a brief of simulated learners: ‘warehouse demo’ in a home of its own, then ‘warehouse report’.",
)


class NothingToTell(Exception):
    """The warehouse has no events to write about; the message says so, `page` is a page that says it too."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"{reason} {BUILD}")
        self.page = render_empty(reason, FIRST_STEPS)


class UnknownCourse(Exception):
    """No course has the id or title asked for; the message lists those there are."""


@dataclass(frozen=True)
class WrittenBrief:
    """A finished page and what it is about."""

    html: str
    week_label: str
    course_id: str
    section_count: int


def write_brief(client: Client, course: str = "") -> WrittenBrief:
    """The brief of the last whole week of the data, for one course (id or title) or for all.

    Raises NothingToTell for a warehouse without events, UnknownCourse for a course that it does not know.
    """
    reach = _reach(client)
    week = last_whole_week(reach["complete_through_at"].date())
    course_id, scope = _find_course(client, course)
    marts = Marts(client, course=course_id, week=week)
    sections = [_section(marts, *section) for section in SECTIONS]
    facts, days = _week_in_numbers(marts, week)
    brief = Brief(
        scope=scope,
        week=week_in_words(week),
        week_label=week_label(week),
        complete_through=moment(reach["complete_through_at"]),
        event_count=reach["event_count"],
        sections=sections,
        facts=facts,
        days=days,
    )
    return WrittenBrief(render(brief), week_label(week), course_id, len(sections))


def last_whole_week(complete_through: date) -> date:
    """Monday of the last ISO week that is over; of the running one on its Sunday evening it is not."""
    return complete_through - timedelta(days=complete_through.weekday() + 7)


def _reach(client: Client) -> Row:
    try:
        reach = Marts(client).row("reach")
    except NotBuilt as error:
        raise NothingToTell("The warehouse has no marts yet.") from error
    if not reach or not reach["event_count"]:
        raise NothingToTell("No event has been loaded yet.")
    return reach


def _find_course(client: Client, wanted: str) -> tuple[str, str]:
    """The id of the course, or `all`, and what to call it."""
    courses = Marts(client).rows("courses")
    if not wanted or wanted == ALL:
        one = courses[0]["title"] if len(courses) == 1 else ""
        return ALL, one or f"All courses ({len(courses)})"
    by_id = [row for row in courses if row["course_id"] == wanted]
    matches = by_id or [row for row in courses if row["title"].casefold() == wanted.casefold()]
    if len(matches) == 1:
        return matches[0]["course_id"], matches[0]["title"]
    how_many = "Several courses are" if matches else "No course is"
    listed = "; ".join(f"'{row['title']}' ({row['course_id']})" for row in (matches or courses)[:20])
    raise UnknownCourse(
        f"{how_many} called '{wanted}'. Give one of these by its title or id: {listed or 'no course is known'}."
    )


def _section(marts: Marts, anchor: str, question: str, write: Callable[[Marts], Section]) -> Section:
    try:
        return write(marts)
    except NotBuilt as error:
        return Section(
            anchor=anchor,
            question=question,
            answer=sentence("Not known: one of the marts behind this answer is not built yet ({}).", str(error)),
            next_steps=[sentence("{}", BUILD)],
            tone="early",
        )


def _week_in_numbers(marts: Marts, week: date) -> tuple[list[Cell], Picture | None]:
    """Figures of the week beside the week before, and its days."""
    try:
        rows = marts.rows("days")
    except NotBuilt:
        return [], None
    now = [row for row in rows if row["activity_date"] >= week]
    before = [row for row in rows if row["activity_date"] < week]
    facts = [
        Cell(whole(_total(now, name)), f"{whole(_total(before, name))} the week before", label)
        for name, label in (("new_learners", "New in a course"), ("completions", "Activities completed"))
    ]
    hours = [float(_total(part, "video_seconds")) / 3600 for part in (now, before)]
    facts.append(Cell(count(hours[0], "hour", "hours"), f"{whole(hours[1])} the week before", "Video watched"))
    by_course = {row["course_id"] for row in rows}
    if len(by_course) > 1:
        # Learners of two courses would count twice: days are drawn for one course only.
        events = Cell(whole(_total(now, "events")), f"{whole(_total(before, 'events'))} the week before", "Events")
        return [*facts, events], None
    typical = [median(row["active_learners"] for row in part) if part else 0 for part in (now, before)]
    facts.append(
        Cell(whole(typical[0]), f"{whole(typical[1])} the week before", "Active learners on a usual day (median)")
    )
    return facts, _days(rows, week)


def _total(rows: list[Row], name: str) -> float:
    return sum(row[name] for row in rows)


def _days(rows: list[Row], week: date) -> Picture:
    active = {when: sum(row["active_learners"] for row in group) for when, group in groupby(rows, _date)}
    days = [week + timedelta(days=offset) for offset in range(-7, 7)]
    values = [(f"{when:%a}"[:2], active.get(when, 0), "before" if when < week else "") for when in days]
    return Picture(
        "columns", columns(values), "Learners active on each day", f"From {day(days[0])} to {day(days[-1])}."
    )


def _date(row: Row) -> date:
    return row["activity_date"]
