"""The catalogue as the rules need it: modules in their order, assessments with the score to pass."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from orchestration.contract.identity import same_iri
from orchestration.contract.vocabulary import activity_type_iris

COURSE, MODULE, ASSESSMENT = "course", "module", "assessment"


@dataclass(frozen=True)
class Item:
    """A line of the catalogue."""

    course_id: str
    activity_id: str
    activity_type: str
    title: str = ""
    module_id: str = ""
    position: int | None = None
    mastery_score: float | None = None


@dataclass(frozen=True)
class Delivered:
    """A line as it was delivered: later versions and deliveries replace earlier ones."""

    document: dict[str, Any]
    delivered_at: str


def current_items(lines: Iterable[Delivered]) -> list[Item]:
    """The items in force, one for each course and activity: the highest version, and of one version the latest."""
    newest: dict[tuple[str, str], tuple[tuple[str, str], Item]] = {}
    for line in lines:
        item = item_of(line.document)
        if item is None:
            continue
        order = (str(line.document.get("version") or ""), line.delivered_at)
        key = (item.course_id, item.activity_id)
        if key not in newest or order >= newest[key][0]:
            newest[key] = (order, item)
    return [item for _, item in newest.values()]


def item_of(document: dict[str, Any]) -> Item | None:
    """The item of a line; None without an id or without a course."""
    activity_id = same_iri(str(document.get("activity_id") or ""))
    activity_type = _types().get(str(document.get("type") or ""), str(document.get("type") or ""))
    course_id = same_iri(str(document.get("course_id") or "")) or (activity_id if activity_type == COURSE else "")
    if not activity_id or not course_id:
        return None
    position = document.get("position")
    return Item(
        course_id=course_id,
        activity_id=activity_id,
        activity_type=activity_type,
        title=str(document.get("title") or ""),
        module_id=same_iri(str(document.get("module_id") or "")),
        position=position if isinstance(position, int) and position >= 0 else None,
        mastery_score=_score(document.get("mastery_score")),
    )


def _score(value: Any) -> float | None:
    is_score = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1
    return float(value) if is_score else None


@cache
def _types() -> dict[str, str]:
    return {iri: name for name in (COURSE, MODULE, ASSESSMENT) for iri in activity_type_iris(name)}
