"""Two courses of six modules each, and which of their parts carries which plant.

The titles make the plants easy to find in a mart; nothing in the statements gives them away.
"""

from dataclasses import replace

from orchestration.simulate.catalogue import CAMPUS, Catalogue, CatalogueQuestion, Course, Unit, place_module
from orchestration.simulate.plants import DEFAULT_DAYS, IDLE_RECUT_LEAVE_RATIO, RECUT_LEAVE_RATIO, recut_day

READING_WORDS_PER_MINUTE = 238
QUESTION_COUNT = 5


def page(title: str, words: int, pace: float = 1.0) -> Unit:
    return Unit(
        "", "page", title, expected_seconds=round(words / READING_WORDS_PER_MINUTE * 60, 1), word_count=words, pace=pace
    )


def video(title: str, length: float, **traits: float) -> Unit:
    return Unit("", "video", title, expected_seconds=length, length_seconds=length, **traits)


def quiz(title: str, pace: float = 1.0, **traits: float) -> Unit:
    questions = tuple(
        CatalogueQuestion("", f"{title}, question {n}", n, **traits) for n in range(1, QUESTION_COUNT + 1)
    )
    return Unit(
        "",
        "assessment",
        title,
        expected_seconds=sum(question.seconds for question in questions),
        pace=pace,
        skip_ratio=0.0,
        questions=questions,
    )


def lesson(topic: str, first_seconds: float, second_seconds: float) -> tuple[Unit, ...]:
    """The usual module: read, watch, read, watch, answer."""
    return (
        page(f"{topic}: what this module is about", 420),
        video(f"{topic}: the idea", first_seconds),
        page(f"{topic}: worked example", 560),
        video(f"{topic}: in practice", second_seconds),
        quiz(f"{topic}: check"),
    )


def _recut(units: tuple[Unit, ...], order: int, **traits: float) -> tuple[Unit, ...]:
    """The units with one video that was cut again."""
    return tuple(replace(unit, **traits) if number == order else unit for number, unit in enumerate(units))


def course_pages(course_id: str) -> tuple[Unit, ...]:
    """The pages of a course itself, which belong to no module."""
    titles = ("Course news", "Forum digest", "Timetable")
    return tuple(
        replace(page(title, 200), activity_id=f"{course_id}/pages/{order}", position=9000 + order)
        for order, title in enumerate(titles, start=1)
    )


def _item_plant() -> tuple[Unit, ...]:
    """Two videos that people often skip: question 1 is taught by the first, question 2 not by the second."""
    units = list(lesson("Reading charts", 330, 390))
    units[1] = replace(units[1], skip_ratio=0.35, exit_ratio=0.02)
    units[3] = replace(units[3], skip_ratio=0.35, exit_ratio=0.02)
    questions = list(units[4].questions)
    questions[0] = replace(questions[0], base_ratio=0.38, taught_effect=0.36)
    questions[1] = replace(questions[1], base_ratio=0.50, taught_effect=0.0)
    units[4] = replace(units[4], questions=tuple(questions))
    return tuple(units)


def _data_literacy(recut_day: int) -> Course:
    course_id = f"{CAMPUS}/courses/data-literacy"
    opening = (
        page("Welcome", 380),
        video("What data can say", 210, skip_ratio=0.02),
        video("How the course works", 600, skip_ratio=0.02, exit_ratio=0.15, leave_at_seconds=240.0, leave_ratio=0.6),
        page("First steps", 450),
        quiz("First steps: check"),
    )
    averages = _recut(
        lesson("Averages", 300, 480), 3, leave_at_seconds=150.0, leave_ratio=RECUT_LEAVE_RATIO, recut_day=recut_day
    )
    modules = (
        place_module(course_id, 1, "Getting started", opening, (1.0,) * 4),
        place_module(course_id, 2, "Reading charts", _item_plant(), (0.94,) * 4),
        place_module(
            course_id, 3, "Case study: retail", lesson("Retail", 360, 420), (0.55, 0.92, 0.24, 0.55), is_elective=True
        ),
        place_module(
            course_id, 4, "Case study: health", lesson("Health", 345, 435), (0.55, 0.24, 0.92, 0.55), is_elective=True
        ),
        place_module(course_id, 5, "Averages and spread", averages, (0.82, 0.74, 0.88, 0.80)),
        place_module(course_id, 6, "Telling the story", lesson("Stories", 270, 390), (0.80, 0.70, 0.88, 0.80)),
    )
    return Course(course_id, "Data literacy", modules, course_pages(course_id))


def _project_leadership(recut_day: int) -> Course:
    course_id = f"{CAMPUS}/courses/project-leadership"
    dense = (
        page("Budget law in brief", 240, pace=4.2),
        video("Budgets: the rules", 150),
        page("Budget law by example", 240, pace=4.2),
        quiz("Budgets: check", pace=6.0, seconds=40.0),
    )
    rushed = (
        page("Meetings: a long read", 1200, pace=0.13),
        video("Meetings: recorded talk", 420, skip_ratio=0.9),
        page("Meetings: another long read", 1100, pace=0.13),
        quiz("Meetings: check", pace=0.15, seconds=100.0, base_ratio=0.42),
    )
    hard = (*lesson("Estimating", 420, 480)[:4], quiz("Estimating: check", base_ratio=0.66))
    losing = (*lesson("Stakeholders", 390, 510)[:4], quiz("Stakeholders: check", base_ratio=0.22, taught_effect=0.05))
    first = _recut(
        lesson("First project", 300, 360),
        3,
        leave_at_seconds=225.0,
        leave_ratio=IDLE_RECUT_LEAVE_RATIO,
        leave_ratio_after=IDLE_RECUT_LEAVE_RATIO,
        recut_day=recut_day,
    )
    modules = (
        place_module(course_id, 1, "Leading a first project", first, (1.0,) * 4),
        place_module(course_id, 2, "Estimating effort", hard, (0.94,) * 4, completion_shift=-2.4),
        place_module(course_id, 3, "Stakeholder maps", losing, (0.94,) * 4, completion_shift=-2.4),
        place_module(course_id, 4, "Budgets", dense, (0.94,) * 4),
        place_module(course_id, 5, "Running meetings", rushed, (0.94,) * 4),
        place_module(course_id, 6, "Closing a project", lesson("Closing", 285, 375), (0.90,) * 4),
    )
    return Course(course_id, "Project leadership", modules, course_pages(course_id))


def build_catalogue(days: int = DEFAULT_DAYS) -> Catalogue:
    """The courses as they always are: nothing in them is random. Two videos are cut again in the course of the days."""
    literacy, leadership = _data_literacy(recut_day(days)), _project_leadership(recut_day(days))
    charts = literacy.modules[1].units
    plants = {
        "leave_video": literacy.modules[0].units[2].activity_id,
        "equal_module_a": literacy.modules[2].activity_id,
        "equal_module_b": literacy.modules[3].activity_id,
        "taught_item": charts[4].questions[0].activity_id,
        "untaught_item": charts[4].questions[1].activity_id,
        "recut_video": literacy.modules[4].units[3].activity_id,
        "idle_recut_video": leadership.modules[0].units[3].activity_id,
        "hard_module": leadership.modules[1].activity_id,
        "losing_module": leadership.modules[2].activity_id,
        "dense_module": leadership.modules[3].activity_id,
        "rushed_module": leadership.modules[4].activity_id,
    }
    return Catalogue((literacy, leadership), plants)
