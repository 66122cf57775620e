"""The text of a statement, in the words of the xAPI Video Profile and cmi5.

A statement is put together from its learner's part (actor, start of the context) and a body that starts where the
learner's part ends, inside the context: fragments made once, because rendering is most of the simulator's work.
"""

import json

import numpy as np

from orchestration.simulate.catalogue import Catalogue, CatalogueQuestion, Module, Unit

ADL = "http://adlnet.gov/expapi/verbs/"
VIDEO = "https://w3id.org/xapi/video/"
EXTENSION = VIDEO + "extensions/"
VERBS = {
    "initialized": ADL + "initialized",
    "completed": ADL + "completed",
    "passed": ADL + "passed",
    "failed": ADL + "failed",
    "answered": ADL + "answered",
    "launched": ADL + "launched",
    "terminated": ADL + "terminated",
    "registered": ADL + "registered",
    "experienced": ADL + "experienced",
    "voided": ADL + "voided",
    "rate_changed": ADL + "interacted",
    "played": VIDEO + "verbs/played",
    "paused": VIDEO + "verbs/paused",
    "seeked": VIDEO + "verbs/seeked",
    "viewed": "http://id.tincanapi.com/verb/viewed",
    "commented": "http://adlnet.gov/expapi/verbs/commented",
}
ACTIVITY_TYPES = {
    "course": "http://adlnet.gov/expapi/activities/course",
    "module": "http://adlnet.gov/expapi/activities/module",
    "assessment": "http://adlnet.gov/expapi/activities/assessment",
    "question": "http://adlnet.gov/expapi/activities/cmi.interaction",
    "video": VIDEO + "activity-type/video",
    "page": "http://id.tincanapi.com/activitytype/page",
}
VIDEO_CATEGORY = '{"id":"https://w3id.org/xapi/video"}'
CMI5_CATEGORY = '{"id":"https://w3id.org/xapi/cmi5/context/categories/cmi5"}'
AUTHORITY = '"authority":{"mbox":"mailto:lrs@mail.example.org"}'
ZONE_OFFSET_MILLISECONDS = (0, 2 * 3_600_000, 0)
MOBILE_TAILS = tuple(f'{zone}","version":"1.0.3"}}' for zone in ("Z", "+02:00", ""))
WEB_TAIL_START, WEB_TAIL_END = 'Z","stored":"', f'Z",{AUTHORITY},"version":"1.0.3"}}'
CHOICES = ("a", "b", "c", "d")
CHOICES_JSON = ",".join(f'{{"id":"{choice}"}}' for choice in CHOICES)


def verb_json(name: str) -> str:
    shown = "interacted" if name == "rate_changed" else name
    return f'"verb":{{"id":"{VERBS[name]}","display":{{"en-US":"{shown}"}}}}'


def object_json(activity_id: str, kind: str, title: str) -> str:
    return (
        f'"object":{{"id":"{activity_id}","objectType":"Activity",'
        f'"definition":{{"type":"{ACTIVITY_TYPES[kind]}","name":{{"en-US":{json.dumps(title)}}}}}}}'
    )


def question_json(question: CatalogueQuestion) -> str:
    return (
        f'"object":{{"id":"{question.activity_id}","objectType":"Activity","definition":'
        f'{{"type":"{ACTIVITY_TYPES["question"]}","name":{{"en-US":{json.dumps(question.title)}}},'
        f'"interactionType":"choice","correctResponsesPattern":["a"],"choices":[{CHOICES_JSON}]}}}}'
    )


def _reference(activity_id: str, kind: str) -> str:
    return f'{{"id":"{activity_id}","definition":{{"type":"{ACTIVITY_TYPES[kind]}"}}}}'


def place_json(course_id: str, module_id: str = "", assessment_id: str = "", category: str = "") -> str:
    """contextActivities: where in the course something happened, nearest container as the parent."""
    parts = [f'"category":[{category}]'] if category else []
    if assessment_id:
        parts.append(f'"parent":[{_reference(assessment_id, "assessment")}]')
    elif module_id:
        parts.append(f'"parent":[{_reference(module_id, "module")}]')
    parts.append(f'"grouping":[{_reference(course_id, "course")}]')
    return f',"contextActivities":{{{",".join(parts)}}}'


class Fragments:
    """Bodies that are the same for everybody, and the fixed pieces of those that are not."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.course_bodies = {
            (verb, course.activity_id): self._simple(
                verb, place_json(course.activity_id), object_json(course.activity_id, "course", course.title)
            )
            for course in catalogue.courses
            for verb in ("registered", "launched")
        }
        self.pages = {
            extra.activity_id: self._simple(
                "viewed", place_json(course.activity_id), object_json(extra.activity_id, "page", extra.title)
            )
            for course in catalogue.courses
            for extra in course.pages
        }

        self.comments = {
            course.activity_id: self._simple(
                "commented",
                place_json(course.activity_id),
                object_json(course.pages[1].activity_id, "page", course.pages[1].title),
            )
            for course in catalogue.courses
        }

    @staticmethod
    def _simple(verb: str, place: str, thing: str) -> str:
        return f"{place}}},{verb_json(verb)},{thing}"

    def module(self, verb: str, module: Module) -> str:
        """Body of a cmi5 statement about a module; open for a result."""
        place = place_json(module.course_id, category=CMI5_CATEGORY)
        return self._simple(verb, place, object_json(module.activity_id, "module", module.title))

    def unit(self, verb: str, module: Module, unit: Unit) -> str:
        place = place_json(module.course_id, module.activity_id)
        return self._simple(verb, place, object_json(unit.activity_id, unit.kind, unit.title))

    def question(self, module: Module, unit: Unit, question: CatalogueQuestion) -> str:
        place = place_json(module.course_id, assessment_id=unit.activity_id)
        return self._simple("answered", place, question_json(question))


class Recorder:
    """Collects what happened, column by column, until it is written down."""

    def __init__(self) -> None:
        self._visits: list[np.ndarray] = []
        self._seconds: list[np.ndarray] = []
        self._bodies: list[list[str]] = []

    def add(self, visits: np.ndarray, seconds: np.ndarray, bodies: list[str] | str) -> None:
        """One statement per visit given, at these seconds since the first day; one body for all or one each."""
        self._visits.append(visits)
        self._seconds.append(seconds)
        self._bodies.append([bodies] * len(visits) if isinstance(bodies, str) else bodies)

    def columns(self) -> tuple[np.ndarray, np.ndarray, list[str]]:
        """Visit, milliseconds since the first day, and body of every statement."""
        bodies = [body for chunk in self._bodies for body in chunk]
        milliseconds = np.round(np.concatenate(self._seconds) * 1000).astype(np.int64)
        return np.concatenate(self._visits), milliseconds, bodies


def render_lines(ids: list[str], heads: list[str], bodies: list[str], stamps: list[str], tails: list[str]) -> list[str]:
    """One line of JSON per statement. A head is actor and start of the context, a tail starts after the timestamp."""
    return [
        f'{{"id":"{key}",{head}{body},"timestamp":"{stamp}{tail}'
        for key, head, body, stamp, tail in zip(ids, heads, bodies, stamps, tails, strict=True)
    ]
