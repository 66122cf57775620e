"""What chance finds too rarely, as statements of learners of their own, and the lists that lie beside all cases."""

from tests.invariance.adversarial import END, ODD_RUNS, RUNS, STARTS
from tests.invariance.statements import account_of, activity, extensions, line, moment, statement, statement_id
from tests.oracle.definitions import DAY, HOUR, SECOND


def planted() -> list[tuple[str, str]]:
    """Every planted statement: (source, line)."""
    return slower_answers() + unplayed_video() + just_left_video() + phone_batch() + unnamed_courses()


def unplayed_video() -> list[tuple[str, str]]:
    """A video of unknown length that is started at 0 s, and never heard of again: it is as long as what was watched."""
    return [_on_video(10_001, 0, "waiting", "unplayed", "played", STARTS[3], 0)]


def just_left_video() -> list[tuple[str, str]]:
    """Twelve learners leave a video at 30 s, too late for the watermark to tell whether they come back."""
    lines = []
    for number in range(12):
        learner = f"leaving-{number}"
        lines.append(_on_video(10_002, 2 * number, learner, "just-left", "played", END - HOUR, 0))
        lines.append(_on_video(10_002, 2 * number + 1, learner, "just-left", "paused", END - HOUR + 30 * SECOND, 30))
    return lines


def phone_batch() -> list[tuple[str, str]]:
    """Four stretches, stamped when they were sent."""
    return [
        _on_video(10_003, turn, "offline", "ten-minutes", "paused" if turn % 2 else "played", STARTS[4], 40 * turn)
        for turn in range(8)
    ]


def _on_video(case: int, turn: int, learner: str, name: str, verb: str, at: int, seconds: float) -> tuple[str, str]:
    video = activity(f"https://campus.example.org/video/{name}", "video")
    _, told = extensions({"position_seconds": seconds})
    sent = statement(
        statement_id(case, turn), account_of(learner), verb, video, moment(at), result={"extensions": told}
    )
    return "web", line(sent)


def unnamed_courses() -> list[tuple[str, str]]:
    """Activities of which few statements name a course: one, two, one that is voided, or one of a platform.

    Which it is, is known only when all have come: until then the others count in the course named first.
    """
    named = {"one": RUNS[:1], "two": RUNS, "voided": RUNS, "portal": RUNS[:1]}
    lines, turn = [], 0
    for name, courses in named.items():
        thing = activity(f"https://campus.example.org/unnamed/{name}", "platform" if name == "portal" else "page")
        for number, course in enumerate(("",) * 6 + courses):
            context = {"contextActivities": {"parent": [activity(course, "course")]}} if course else None
            at = STARTS[number % 3] + number * DAY
            learner, own_id = account_of(f"wandering-{number % 4}"), statement_id(10_004, turn)
            sent = statement(own_id, learner, "viewed", thing, moment(at), context=context)
            lines.append(("web", line(sent)))
            turn += 1
    reference = {"objectType": "StatementRef", "id": statement_id(10_004, 22)}
    voiding = statement(statement_id(10_004, 99), account_of("wandering-0"), "voided", reference, moment(END))
    return [*lines, ("web", line(voiding))]


def slower_answers() -> list[tuple[str, str]]:
    """A question that is answered in 40 s until, in the end, most take 2 minutes: 8 s become a rapid guess.

    Learners of whom nothing is heard any more are judged again by what others do. Eight answer in their own words; what
    the ninth answers is rare until the last ones say the same.
    """
    question = activity("https://campus.example.org/question/slow", "question")
    seconds = [8] * 3 + [40] * 6 + [120] * 12
    lines = []
    for turn, duration in enumerate(seconds):
        at = END + turn * SECOND if duration > 40 else STARTS[2] + turn * HOUR
        response = "by lot" if turn >= 8 else f"I thought of {turn}"
        result = {"success": duration > 8, "response": response, "duration": f"PT{duration}S"}
        learner = account_of(f"answering-{turn}")
        text = line(statement(statement_id(10_000, turn), learner, "answered", question, moment(at), result=result))
        lines.append(("web", text))
    return lines


def listed_items() -> list[dict]:
    """A catalogue of both runs: a page in another module of each, and a course that is its own module."""
    page, module = "https://campus.example.org/page/1", "https://campus.example.org/modules/"
    items = [
        {"activity_id": page, "course_id": run, "module_id": f"{module}{place}", "type": "page", "position": place}
        for place, run in enumerate(RUNS)
    ]
    items += [
        {"activity_id": f"{module}{place}", "course_id": run, "type": "module", "position": place}
        for place, run in enumerate(RUNS)
    ]
    own_module = {"activity_id": ODD_RUNS[0], "course_id": ODD_RUNS[0], "module_id": ODD_RUNS[0], "type": "course"}
    return [*items, own_module]


def listed_learners(count: int) -> list[dict]:
    """Enrolments of every other case: in a run, in one that no event names, in one as a careless sender spells it."""
    courses = (*RUNS, "https://campus.example.org/courses/empty", *ODD_RUNS)
    enrolments = [
        {"actor": account_of(f"case-{number}"), "course_id": courses[number // 2 % len(courses)]}
        for number in range(0, count, 2)
    ]
    # A Monday's first moment, and a Sunday before which many were active in the same week.
    times = (None, STARTS[2], STARTS[3])
    return [item | ({"enrolled_at": moment(at)} if (at := times[n % 3]) else {}) for n, item in enumerate(enrolments)]


def listed_changes() -> list[dict]:
    """A page that both runs share is changed twice; a video, a question and a module once. A mark is taken back."""
    page, video = "https://campus.example.org/page/1", "https://campus.example.org/video/two-minutes"
    changes = [
        {"activity_id": page, "entry": "changed", "at": moment(STARTS[1]), "kind": "rewritten"},
        {"activity_id": page, "entry": "changed", "at": moment(STARTS[3]), "course_id": RUNS[0]},
        {"activity_id": video, "entry": "known", "at": moment(STARTS[0]), "position_seconds": 40},
        {"activity_id": video, "entry": "changed", "at": moment(STARTS[2]), "kind": "recut"},
        {"activity_id": video, "entry": "cleared", "at": moment(STARTS[3]), "position_seconds": 40},
        {"activity_id": "https://campus.example.org/question/slow", "entry": "changed", "at": moment(STARTS[4])},
        {"activity_id": "https://campus.example.org/modules/0", "entry": "changed", "at": moment(STARTS[3])},
    ]
    return [*changes, changes[0]]
