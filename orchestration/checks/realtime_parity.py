"""What the stream made the platform do, beside what the lake says: unlocks and remediations, statement by statement.

The real-time path writes a document per day to the lake: its actions, under pseudonyms, and the rules they followed.
No document means no real-time path, and nothing to compare.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from clickhouse_connect.driver.client import Client

STATUS_KEY = "realtime/status.json"
ACTIONS_KEY = "realtime/actions/dt={day}.json"
Key = tuple[str, str, str, str]
"""Kind, learner, what it is about, and, of help, the statement."""
UNLOCK, REMEDIATE = "unlock", "remediate"
LATE = "late"
# Of learners with a trigger that day: what they did before says whether a module was open already.
TRIGGERS = """
select kind, learner_id, course_id, activity_id, statement_id, is_correct, score_scaled, toDate(occurred_at) as day
from marts.fct_action_triggers
where
    source in {sources:Array(String)}
    and toDate(occurred_at) <= {day:Date}
    and learner_id in (
        select learner_id
        from marts.fct_action_triggers
        where source in {sources:Array(String)} and toDate(occurred_at) = {day:Date}
    )
"""


@dataclass(frozen=True)
class ParityComparison:
    """Both sides of a day."""

    lake_count: int
    stream_count: int
    only_in_lake: list[Key]
    only_in_stream: list[Key]
    late_count: int
    """Of the stream's: help that was too late to be offered. The lake has its statement: it is no difference."""

    @property
    def agrees(self) -> bool:
        return not self.only_in_lake and not self.only_in_stream


def compare_with_marts(client: Client, document: dict[str, Any]) -> ParityComparison:
    """The document of a day beside the triggers of its learners up to its end."""
    parameters = {"sources": document["sources"], "day": document["day"]}
    return compare(document, client.query(TRIGGERS, parameters=parameters).named_results())


def compare(document: Mapping[str, Any], triggers: Iterable[Mapping[str, Any]]) -> ParityComparison:
    """Hold the triggers of the lake against the day's document.

    Of the lake count the triggers of that day that none of an earlier day had asked for: a module that is completed
    again opens nothing.
    """
    rules, day = document["rules"], document["day"]
    asked = [(key_of(row), str(row["day"])) for row in triggers if asks_for_action(row, rules)]
    ever = {key for key, _ in asked}
    of_day = {key for key, row_day in asked if row_day == day} - {key for key, row_day in asked if row_day < day}
    done = {key_of(action) for action in document["actions"]}
    return ParityComparison(
        lake_count=len(of_day),
        stream_count=len(done),
        only_in_lake=sorted(of_day - done),
        only_in_stream=sorted(done - ever),
        late_count=sum(action["suppressed_because"] == LATE for action in document["actions"]),
    )


def asks_for_action(row: Mapping[str, Any], rules: Mapping[str, Any]) -> bool:
    """Whether the rules that the path followed make an action of the trigger."""
    enabled = rules["enabled"]
    if not enabled["courses"].get(row["course_id"], enabled["default"])[row["kind"]]:
        return False
    if row["kind"] == UNLOCK:
        return True
    if row["score_scaled"] is None:
        return row["is_correct"] is not None and not row["is_correct"]
    return row["score_scaled"] < threshold_of(row, rules["score_below"])


def threshold_of(row: Mapping[str, Any], scores: Mapping[str, Any]) -> float:
    """The score of the assessment, of the course, else of all."""
    by_course = scores["courses"]
    return scores["assessments"].get(
        f"{row['course_id']} {row['activity_id']}", by_course.get(row["course_id"], scores["default"])
    )


def key_of(row: Mapping[str, Any]) -> Key:
    """A module is opened once for a learner, by whichever statement; help follows from one statement."""
    statement_id = row["statement_id"] if row["kind"] == REMEDIATE else ""
    return row["kind"], row["learner_id"], row["activity_id"], statement_id


def shown(keys: Sequence[Key], most: int = 20) -> str:
    """Some of the keys, as lines."""
    lines = [" ".join(key).strip() for key in keys[:most]]
    return "\n".join([*lines, f"and {len(keys) - most:,} more"] if len(keys) > most else lines)
