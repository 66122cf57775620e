"""Who is about to leave? Counts by course, what they stand on, and what contacts were worth. Never a single learner."""

from markupsafe import Markup

from orchestration.briefs.limits import at_least
from orchestration.briefs.marts import Marts, Row
from orchestration.briefs.page import Cell, Section, Table, missing, number, sentence
from orchestration.briefs.words import count, day, percent, points, points_interval, whole

SHOWN_COURSES = 8
PUBLISHED = "published"
WHERE = "The dashboard “Learners to contact” lists them, for those who may see single learners."


def section(marts: Marts) -> Section:
    courses, run, worth = marts.rows("contacts"), marts.row("churn_run"), marts.row("contact_worth")
    tables = [_table(courses)] if courses else []
    return Section(
        anchor="contact",
        question="Who is about to leave, and is writing to them worth it?",
        answer=_answer(courses),
        explanation=Markup(" ").join([_basis(courses, run), _worth(worth)]),
        tables=[*tables, *([_worth_table(worth)] if worth else [])],
        next_steps=_next_steps(courses, worth),
        caveat="A part of the learners at risk is held out by chance and is on no list: only so can the effect of "
        "contacts be known. A score says what goes with leaving, not what causes it.",
        tone="" if courses else "early",
    )


def _answer(courses: list[Row]) -> Markup:
    if not courses:
        return sentence("No learner is to be contacted this week.")
    listed = sum(course["listed_count"] for course in courses)
    high = sum(course["high_count"] for course in courses)
    of_them = sentence(", of them <b>{}</b> at high risk", at_least(high)) if high else ""
    first = courses[0]
    most = sentence(", most of them in <b>{}</b>", _title(first)) if len(courses) > 1 and first["high_count"] else ""
    return sentence(
        "As of {}, <b>{}</b> learners are to contact{}{}.",
        day(first["as_of_at"].date()),
        at_least(listed),
        of_them,
        most,
    )


def _title(course: Row) -> str:
    return course["course_title"] or course["course_id"] or "no course"


def _basis(courses: list[Row], run: Row) -> Markup:
    """What the list stands on, and why it is not the score where it is not."""
    if not run:
        return sentence("No churn model has run yet: listed is who was silent for a week or shows signs of leaving.")
    if run["status"] != PUBLISHED:
        return sentence(
            "The churn model of {} publishes no scores ({}): listed is who was silent for a week or shows signs of "
            "leaving.",
            day(run["as_of_at"].date()),
            run["reason"],
        )
    thin = [_title(course) for course in courses if course["by_segments_count"]]
    rest = sentence(" In {} there is no score, and a week of silence or signs decide.", ", ".join(thin)) if thin else ""
    return sentence("The list is ranked by the churn model of {}.{}", day(run["as_of_at"].date()), rest)


def _worth(worth: Row) -> Markup:
    if not worth:
        return sentence("No contact has been recorded yet, so that nothing is known about their effect.")
    if worth["uplift_ratio"] is None:
        return sentence("What contacts are worth cannot be said yet: too few learners were listed or held out.")
    if worth["uplift_ratio_low"] > 0:
        verdict = "Contacts keep learners"
    elif worth["uplift_ratio_high"] < 0:
        verdict = "Contacts drive learners away"
    else:
        verdict = "No effect of contacts can be seen yet"
    return sentence(
        "{}: {} ({}) of those to be contacted stayed more than of those held out.",
        verdict,
        points(worth["uplift_ratio"]),
        points_interval(worth["uplift_ratio_low"], worth["uplift_ratio_high"]),
    )


def _table(courses: list[Row]) -> Table:
    left = len(courses) - SHOWN_COURSES
    return Table(
        "Learners to contact, by course",
        ["Course", "To contact", "At high risk", "Drifting away", "Contacted before"],
        [
            [
                Cell(_title(course)),
                number(at_least(course["listed_count"])),
                missing("no score")
                if course["by_segments_count"] == course["listed_count"]
                else number(at_least(course["high_count"])),
                number(at_least(course["disengaging_count"])),
                number(at_least(course["contacted_count"])),
            ]
            for course in courses[:SHOWN_COURSES]
        ],
        f"{count(left, 'more course is', 'more courses are')} in marts.agg_learners_to_contact." if left > 0 else "",
    )


def _worth_table(worth: Row) -> Table:
    return Table(
        "What contacts are worth",
        ["Learners at risk", "Learners", "Stayed"],
        [
            [
                Cell("on the list", f"{at_least(worth['contacted_count'])} contacted"),
                number(whole(worth["listed_count"])),
                _share(worth["listed_kept_ratio"]),
            ],
            [Cell("held out"), number(whole(worth["held_out_count"])), _share(worth["held_out_kept_ratio"])],
        ],
    )


def _share(ratio: float | None) -> Cell:
    return missing("too few learners to show") if ratio is None else number(percent(ratio))


def _next_steps(courses: list[Row], worth: Row) -> list[Markup]:
    if not courses:
        return [sentence("Nothing to do.")]
    steps = [sentence("Write to those at the top of the list first. {}", WHERE)]
    if not worth:
        steps.append(
            sentence("Record whom you wrote to with <code>warehouse churn record</code>: then its effect is measured.")
        )
    return steps
