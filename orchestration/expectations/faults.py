"""Why an object is held, for the person who has to fix it: what was counted, what was expected, and the lines at fault.

Only counts and line numbers, never a line and never who is in it.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from clickhouse_connect.driver.client import Client

from orchestration.contract.vocabulary import quarantine_reasons
from orchestration.expectations.asked_fields import asked_fields
from orchestration.expectations.facts import READ_SETTINGS, counted, parsed_lines
from orchestration.expectations.staging import judged_lines

if TYPE_CHECKING:
    from great_expectations.core import ExpectationSuiteValidationResult

MAX_LINES = 5
"""Line numbers per object and fact: enough to see a pattern, few enough to read."""
MAX_SAMPLED_OBJECTS = 100
"""Objects of a load whose lines are looked up; of the others the counts alone are recorded. A wholly broken load of 500
objects would else be parsed once more from end to end."""


@dataclass(frozen=True)
class UnmetExpectation:
    """One critical expectation that an object did not meet."""

    expectation: str
    fact: str
    """What was counted: a column of `limits`, or the reason for which lines are refused."""
    meaning: str
    found_count: int
    expected: str
    line_numbers: tuple[int, ...] = ()
    """The first lines at fault; empty where no line is at fault by itself."""


def faults_by_object(result: "ExpectationSuiteValidationResult") -> dict[str, list[UnmetExpectation]]:
    """object_id → the critical expectations that failed for it, in the order of the suite; refused lines by reason."""
    faults: dict[str, list[UnmetExpectation]] = defaultdict(list)
    for expectation in result.results:
        if expectation.success or expectation.expectation_config.severity != "critical":
            continue
        for row in expectation.result.get("unexpected_index_list") or ():
            faults[row["object_id"]] += _faults(
                expectation.expectation_config.type, expectation.expectation_config.kwargs, row
            )
    return dict(faults)


def _faults(expectation: str, arguments: dict, row: dict) -> Iterator[UnmetExpectation]:
    """`row` has the values of the columns that the expectation looks at."""
    # Imports Great Expectations, which is there by now.
    from orchestration.expectations.suites import explain

    fact, _, limit = arguments["column"].rpartition("_over_")
    at_most = f"at most {row[f'{fact}_{limit}']}"
    if fact == "refused_count":
        for reason, count in sorted(row["refused_counts"].items(), key=lambda counted: (-counted[1], counted[0])):
            meaning = f"lines refused as {reason} ({quarantine_reasons().get(reason, 'no longer a reason')})"
            yield UnmetExpectation(expectation, reason, meaning, int(count), f"{at_most} refused lines in all")
    else:
        meaning = explain(arguments, row).partition(": ")[0]
        yield UnmetExpectation(expectation, fact, meaning, int(row[f"{fact}_found"]), at_most)


def with_lines(
    client: Client, load_id: str, kind: str, table: str, faults: dict[str, list[UnmetExpectation]]
) -> dict[str, list[UnmetExpectation]]:
    """The same faults with the first lines at fault of each; found in one pass over the lines of these objects for what
    staging says, and in one for fields."""
    facts = {unmet.fact for some in faults.values() for unmet in some}
    some_objects = "load_id = {load_id:String} and object_id in {object_ids:Array(String)}"
    judged = judged_lines(kind, f"select distinct load_id, object_id from ops.load_commits where {some_objects}")
    lines: dict[str, dict[str, list[int]]] = defaultdict(dict)
    for query, conditions in (
        (judged.sql, _conditions_on_verdicts(kind)),
        (parsed_lines(kind, table, some_objects), _conditions_on_fields(kind)),
    ):
        wanted = {fact: conditions[fact] for fact in sorted(facts & conditions.keys())}
        for object_id, *numbers in _samples(client, query, wanted, load_id, sorted(faults)):
            lines[object_id] |= dict(zip(wanted, numbers, strict=True))
    return {object_id: list(_numbered(some, lines[object_id])) for object_id, some in faults.items()}


def _samples(
    client: Client, query: str, conditions: dict[str, str], load_id: str, object_ids: list[str]
) -> list[tuple]:
    """Per object the first lines that meet each condition."""
    if not conditions:
        return []
    # Not groupArray, whose first five are those of whichever thread came first.
    samples = [f"groupArraySortedIf({MAX_LINES})(line_number, {condition})" for condition in conditions.values()]
    return client.query(
        f"select object_id, {', '.join(samples)} from ({query}) group by object_id",
        parameters={"load_id": load_id, "object_ids": object_ids[:MAX_SAMPLED_OBJECTS]},
        settings=READ_SETTINGS,
    ).result_rows


def _conditions_on_verdicts(kind: str) -> dict[str, str]:
    """Reason or fact → when a line is at fault; facts that are not of single lines, such as repeats, are left out."""
    refused = {reason: f"quarantine_reason = '{reason}'" for reason in quarantine_reasons()}
    accepted = {fact: f"quarantine_reason = '' and {condition}" for fact, condition in counted(kind).items()}
    return refused | accepted


def _conditions_on_fields(kind: str) -> dict[str, str]:
    return {f"missing_{field.name}_count": f"reject = '' and {field.is_missing}" for field in asked_fields(kind)}


def _numbered(faults: list[UnmetExpectation], lines: dict[str, list[int]]) -> Iterable[UnmetExpectation]:
    return (replace(unmet, line_numbers=tuple(lines.get(unmet.fact, ()))) for unmet in faults)
