"""What the rules go by: courses from the catalogue, verbs from the seeds, defaults and opt-outs from a small YAML."""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

from orchestration.contract.vocabulary import SEEDS
from orchestration.realtime.catalogue import ASSESSMENT, COURSE, MODULE, Item
from orchestration.realtime.events import Event
from orchestration.settings import SettingsError

DEFAULT_RULES = Path(__file__).with_name("rules.yml")
ANSWER, GRADE, SCORED_ENDING = "answer", "grade", "scored_ending"


@dataclass(frozen=True)
class UnlockRule:
    enabled: bool = True


@dataclass(frozen=True)
class RemediationRule:
    enabled: bool = True
    score_below: float = 0.6
    maximum_age: timedelta = timedelta(minutes=30)


@dataclass(frozen=True)
class PauseRule:
    enabled: bool = True
    after: timedelta = timedelta(minutes=30)
    ended_by: frozenset[str] = frozenset()


@dataclass(frozen=True)
class CourseRules:
    """The three rules of a course."""

    unlock: UnlockRule = field(default_factory=UnlockRule)
    remediation: RemediationRule = field(default_factory=RemediationRule)
    pause: PauseRule = field(default_factory=PauseRule)


@dataclass(frozen=True)
class Choices:
    """What the YAML says: the rules of every course, and of those that differ."""

    defaults: CourseRules = field(default_factory=CourseRules)
    courses: Mapping[str, CourseRules] = field(default_factory=dict)


class RuleBook:
    """Rules and catalogue together."""

    def __init__(self, items: Iterable[Item], choices: Choices) -> None:
        self._choices = choices
        self._items = {(item.course_id, item.activity_id): item for item in items}
        self._courses_of: dict[str, list[str]] = {}
        for course_id, activity_id in self._items:
            self._courses_of.setdefault(activity_id, []).append(course_id)
        self._next = _following_modules(self._items.values())

    def course_of(self, event: Event) -> str:
        """The course that the statement names, else the only one that lists its activity; else empty."""
        if event.named_courses:
            return event.named_courses[0]
        listing = self._courses_of.get(event.activity_id, ())
        return listing[0] if len(listing) == 1 else ""

    def is_completion(self, event: Event) -> bool:
        """Whether the statement says that its activity is completed (as `macros/assessment/is_completion.sql`)."""
        return event.verb in _completing_verbs() or event.is_completed is True

    def next_module(self, course_id: str, activity_id: str) -> Item | None:
        """The module after this one in the course; None after the last one, and for what is no module of it."""
        return self._next.get((course_id, activity_id))

    def assessment(self, event: Event) -> Item | None:
        """The assessment of the catalogue that the statement gives a result of."""
        item = self._items.get((self.course_of(event), event.activity_id))
        if item is None or item.activity_type != ASSESSMENT:
            return None
        role = _attempt_roles().get(event.verb, "")
        has_result = role in (ANSWER, GRADE) or (role == SCORED_ENDING and event.score_scaled is not None)
        return item if has_result else None

    def threshold(self, course_id: str, assessment: Item) -> float:
        """The score below which help is offered: the assessment's, the course's, else that of the YAML."""
        course = self._items.get((course_id, course_id))
        for item in (assessment, course):
            if item is not None and item.mastery_score is not None:
                return item.mastery_score
        return self.remediation(course_id).score_below

    def unlock(self, course_id: str) -> UnlockRule:
        return self._of(course_id).unlock

    def remediation(self, course_id: str) -> RemediationRule:
        return self._of(course_id).remediation

    def pause(self, course_id: str) -> PauseRule:
        return self._of(course_id).pause

    def as_document(self) -> dict[str, Any]:
        """What was asked for, for a comparison with the lake (`checks/realtime_parity.py`)."""
        differing = self._choices.courses
        scores = [item for item in self._items.values() if item.mastery_score is not None]
        return {
            "enabled": {
                "default": _enabled(self._choices.defaults),
                "courses": {course_id: _enabled(rules) for course_id, rules in differing.items()},
            },
            "score_below": {
                "default": self._choices.defaults.remediation.score_below,
                "courses": {course_id: rules.remediation.score_below for course_id, rules in differing.items()}
                | {item.course_id: item.mastery_score for item in scores if item.activity_type == COURSE},
                "assessments": {
                    f"{item.course_id} {item.activity_id}": item.mastery_score
                    for item in scores
                    if item.activity_type == ASSESSMENT
                },
            },
        }

    def _of(self, course_id: str) -> CourseRules:
        return self._choices.courses.get(course_id, self._choices.defaults)


def read_choices(path: Path = DEFAULT_RULES) -> Choices:
    """The YAML's rules. Raises SettingsError for a file that cannot be read and for names that it does not know."""
    try:
        document = yaml.safe_load(path.read_text()) or {}
    except (OSError, yaml.YAMLError) as error:
        raise SettingsError(f"The rules in {path} cannot be read: {' '.join(str(error).split())[:300]}") from None
    try:
        _refuse_unknown(document, ("defaults", "courses"))
        defaults = _changed(CourseRules(), document.get("defaults") or {})
        courses = {name: _changed(defaults, given or {}) for name, given in (document.get("courses") or {}).items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise SettingsError(f"The rules in {path} are wrong: {error}. Compare them with {DEFAULT_RULES}.") from None
    return Choices(defaults, courses)


def _changed(rules: CourseRules, given: Mapping[str, Any]) -> CourseRules:
    _refuse_unknown(given, ("unlock", "remediation", "pause"))
    unlock, remediation, pause = (dict(given.get(name) or {}) for name in ("unlock", "remediation", "pause"))
    if "score_below" in remediation and not 0 <= float(remediation["score_below"]) <= 1:
        raise ValueError(f"score_below is {remediation['score_below']}, and must be from 0 to 1")
    _take_minutes(remediation, "maximum_age_minutes", "maximum_age")
    _take_minutes(pause, "after_minutes", "after")
    if "ended_by" in pause:
        pause["ended_by"] = frozenset(pause["ended_by"])
    return CourseRules(
        replace(rules.unlock, **unlock), replace(rules.remediation, **remediation), replace(rules.pause, **pause)
    )


def _enabled(rules: CourseRules) -> dict[str, bool]:
    return {"unlock": rules.unlock.enabled, "remediate": rules.remediation.enabled}


def _take_minutes(given: dict[str, Any], name: str, field_name: str) -> None:
    if name in given:
        minutes = float(given.pop(name))
        if minutes <= 0:
            raise ValueError(f"{name} is {minutes}, and must be more than 0")
        given[field_name] = timedelta(minutes=minutes)


def _refuse_unknown(given: Mapping[str, Any], known: tuple[str, ...]) -> None:
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise ValueError(f"'{unknown[0]}' is not known; expected {', '.join(known)}")


def _following_modules(items: Iterable[Item]) -> dict[tuple[str, str], Item]:
    """(course, module) → the next module by position. Of two at one position the id decides."""
    modules: dict[str, list[Item]] = {}
    for item in items:
        if item.activity_type == MODULE and item.position is not None:
            modules.setdefault(item.course_id, []).append(item)
    following = {}
    for course_id, listed in modules.items():
        listed.sort(key=lambda item: (item.position, item.activity_id))
        for module, after in pairwise(listed):
            following[course_id, module.activity_id] = after
    return following


@cache
def _roles() -> tuple[dict[str, str], ...]:
    with (SEEDS / "verb_roles.csv").open(newline="") as file:
        return tuple(csv.DictReader(file))


@cache
def _completing_verbs() -> frozenset[str]:
    return frozenset(row["verb"] for row in _roles() if row["is_completion"] == "true")


@cache
def _attempt_roles() -> dict[str, str]:
    return {row["verb"]: row["attempt_role"] for row in _roles()}
