"""What a course is made of, and the lines of the catalogue drop. The courses themselves are in `courses.py`."""

from dataclasses import dataclass, field, replace

CAMPUS = "https://campus.example.org"
QUESTION_SECONDS = 45.0


@dataclass(frozen=True)
class CatalogueQuestion:
    """One item. P(correct) = base + ability_slope * (ability - 0.5) + taught_effect if its unit was covered before."""

    activity_id: str
    title: str
    position: int
    taught_by: str = ""
    base_ratio: float = 0.52
    taught_effect: float = 0.18
    ability_slope: float = 0.24
    seconds: float = QUESTION_SECONDS


@dataclass(frozen=True)
class Unit:
    """A page, video or assessment of a module. `pace` is the typical time spent as a multiple of the expected time.

    A video that is cut again on `recut_day` loses `leave_ratio` before it, and `leave_ratio_after` from then on.
    """

    activity_id: str
    kind: str
    title: str
    position: int = 0
    expected_seconds: float = 0.0
    length_seconds: float = 0.0
    word_count: int = 0
    pace: float = 1.0
    skip_ratio: float = 0.04
    exit_ratio: float = 0.12
    leave_at_seconds: float = 0.0
    leave_ratio: float = 0.0
    recut_day: int = 0
    leave_ratio_after: float = 0.0
    questions: tuple[CatalogueQuestion, ...] = ()


@dataclass(frozen=True)
class Module:
    """A module with its quality (`completion_shift`, on the log odds) and who gets to it.

    `reach` is P(reached) per channel, given that the module before in the chain was reached; an elective has no
    module after it in the chain.
    """

    activity_id: str
    course_id: str
    title: str
    position: int
    units: tuple[Unit, ...]
    reach: tuple[float, ...]
    completion_shift: float = 0.0
    is_elective: bool = False

    @property
    def expected_seconds(self) -> float:
        return round(sum(unit.expected_seconds for unit in self.units), 1)


@dataclass(frozen=True)
class Course:
    activity_id: str
    title: str
    modules: tuple[Module, ...]
    pages: tuple[Unit, ...]


@dataclass
class Catalogue:
    """The courses and, by name, the parts that carry the plants."""

    courses: tuple[Course, ...]
    plants: dict[str, str] = field(default_factory=dict)

    def modules(self) -> list[Module]:
        return [module for course in self.courses for module in course.modules]


def _place_questions(unit: Unit, taught_by: list[str]) -> tuple[CatalogueQuestion, ...]:
    return tuple(
        replace(
            question,
            activity_id=f"{unit.activity_id}/questions/{question.position}",
            taught_by=taught_by[(question.position - 1) % len(taught_by)],
        )
        for question in unit.questions
    )


def place_module(
    course_id: str,
    position: int,
    title: str,
    units: tuple[Unit, ...],
    reach: tuple[float, ...],
    completion_shift: float = 0.0,
    is_elective: bool = False,
) -> Module:
    """Gives every unit and question its id and position, and each question the unit that should teach it.

    Questions are shared out over the module's videos, then its pages: question 1 belongs to the first video.
    """
    module_id = f"{course_id}/modules/{position}"
    placed = [
        replace(unit, activity_id=f"{module_id}/units/{order}", position=position * 100 + order)
        for order, unit in enumerate(units, start=1)
    ]
    teachers = [unit.activity_id for kind in ("video", "page") for unit in placed if unit.kind == kind]
    placed = [replace(unit, questions=_place_questions(unit, teachers)) for unit in placed]
    return Module(module_id, course_id, title, position * 100, tuple(placed), reach, completion_shift, is_elective)


def _unit_line(module: Module, unit: Unit) -> dict[str, object]:
    line: dict[str, object] = {
        "activity_id": unit.activity_id,
        "course_id": module.course_id,
        "module_id": module.activity_id,
        "parent": module.activity_id,
        "title": unit.title,
        "type": unit.kind,
        "position": unit.position,
        "expected_seconds": unit.expected_seconds,
        "version": "1",
    }
    if unit.length_seconds:
        line["length_seconds"] = unit.length_seconds
    if unit.word_count:
        line["word_count"] = unit.word_count
    return line


def _module_lines(module: Module) -> list[dict[str, object]]:
    lines: list[dict[str, object]] = [
        {
            "activity_id": module.activity_id,
            "course_id": module.course_id,
            "module_id": module.activity_id,
            "parent": module.course_id,
            "title": module.title,
            "type": "module",
            "position": module.position,
            "expected_seconds": module.expected_seconds,
            "version": "1",
        }
    ]
    for unit in module.units:
        lines.append(_unit_line(module, unit))
        for question in unit.questions:
            lines.append(
                {
                    "activity_id": question.activity_id,
                    "course_id": module.course_id,
                    "module_id": module.activity_id,
                    "parent": unit.activity_id,
                    "title": question.title,
                    "type": "question",
                    "position": question.position,
                    "expected_seconds": question.seconds,
                    "version": "1",
                    "teaches": [question.taught_by],
                }
            )
    return lines


def catalogue_lines(catalogue: Catalogue) -> list[dict[str, object]]:
    """The lines of the catalogue drop. `teaches` of a question names the unit that is meant to teach it."""
    lines: list[dict[str, object]] = []
    for course in catalogue.courses:
        lines.append(
            {
                "activity_id": course.activity_id,
                "course_id": course.activity_id,
                "title": course.title,
                "type": "course",
                "position": 0,
                "version": "1",
            }
        )
        for module in course.modules:
            lines.extend(_module_lines(module))
        for extra in course.pages:
            lines.append(
                {
                    "activity_id": extra.activity_id,
                    "course_id": course.activity_id,
                    "parent": course.activity_id,
                    "title": extra.title,
                    "type": "page",
                    "position": extra.position,
                    "word_count": extra.word_count,
                    "version": "1",
                }
            )
    return lines
