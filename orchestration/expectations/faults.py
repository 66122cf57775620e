"""Why an object is held, for whoever has to mend it: what was counted, what was expected, and the lines at fault.

Only counts and line numbers, never a line and never who is in it.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from clickhouse_connect.driver.client import Client

from orchestration.expectations.asked_fields import asked_fields
from orchestration.expectations.facts import counted, parsed_lines

if TYPE_CHECKING:
    from great_expectations.core import ExpectationSuiteValidationResult

MAX_LINES = 5
"""Line numbers per object and fact: enough to see a pattern, few enough to read."""
MAX_SAMPLED_OBJECTS = 100
"""Objects of a load whose lines are looked up; of the others the counts alone are recorded. A wholly broken load of 500
objects would else be parsed once more from end to end."""


@dataclass(frozen=True)
class Fault:
    """One critical expectation that an object did not meet."""

    expectation: str
    fact: str
    """What was counted: a column of `limits`."""
    meaning: str
    found_count: int
    expected: str
    line_numbers: tuple[int, ...] = ()
    """The first lines at fault; empty where no line is at fault by itself."""


def faults_by_object(result: "ExpectationSuiteValidationResult") -> dict[str, list[Fault]]:
    """object_id → the critical expectations that failed for it, in the order of the suite."""
    found: dict[str, list[Fault]] = defaultdict(list)
    for each in result.results:
        if each.success or each.expectation_config.severity != "critical":
            continue
        for row in each.result.get("unexpected_index_list") or ():
            found[row["object_id"]].append(_fault(each.expectation_config.type, each.expectation_config.kwargs, row))
    return dict(found)


def _fault(expectation: str, arguments: dict, row: dict) -> Fault:
    """`row` has the values of the columns that the expectation looks at."""
    # Imports Great Expectations, which is there by now.
    from orchestration.expectations.suites import explain

    fact, _, limit = arguments["column"].rpartition("_over_")
    meaning = explain(arguments, row).partition(": ")[0]
    return Fault(expectation, fact, meaning, int(row[f"{fact}_found"]), f"at most {row[f'{fact}_{limit}']}")


def with_lines(
    client: Client, load_id: str, kind: str, table: str, faults: dict[str, list[Fault]]
) -> dict[str, list[Fault]]:
    """The same faults with the first lines at fault of each, found in one pass over the lines of these objects."""
    conditions = _conditions(kind)
    facts = sorted({each.fact for some in faults.values() for each in some} & conditions.keys())
    if not facts:
        return faults
    # Not groupArray, whose first five are those of whichever thread came first.
    samples = [f"groupArraySortedIf({MAX_LINES})(line_number, {conditions[fact]})" for fact in facts]
    rows = client.query(
        f"""
        select object_id, {", ".join(samples)}
        from ({parsed_lines(kind, table, "load_id = {load_id:String} and object_id in {object_ids:Array(String)}")})
        group by object_id
        """,
        parameters={"load_id": load_id, "object_ids": sorted(faults)[:MAX_SAMPLED_OBJECTS]},
        settings={"short_circuit_function_evaluation": "disable"},
    ).result_rows
    lines = {row[0]: dict(zip(facts, row[1:], strict=True)) for row in rows}
    return {object_id: list(_numbered(some, lines.get(object_id, {}))) for object_id, some in faults.items()}


def _conditions(kind: str) -> dict[str, str]:
    """Fact → when a line is at fault; a fact that is none of single lines, such as repeats, is not among them."""
    conditions = counted(kind) | {f"missing_{field.name}_count": field.is_missing for field in asked_fields(kind)}
    accepted = {fact: f"reject = '' and {condition}" for fact, condition in conditions.items()}
    return {"rejected_count": "reject != ''"} | accepted


def _numbered(faults: list[Fault], lines: dict[str, list[int]]) -> Iterable[Fault]:
    return (replace(each, line_numbers=tuple(lines.get(each.fact, ()))) for each in faults)
