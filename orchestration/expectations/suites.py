"""The expectations on a load, one suite per kind of drop.

Critical ones hold an object; the others publish it and say what is wrong with it. They look at one row per object (see
`facts`), so that the objects at fault are known by their id and the rest of the load goes on.
"""

from collections.abc import Iterator

from great_expectations import ExpectationSuite
from great_expectations.expectations import Expectation, ExpectColumnValuesToBeBetween, ExpectTableRowCountToEqual

from orchestration.drop_kinds import DROP_KINDS
from orchestration.expectations.limits import Limit, limits


def suite_for(kind: str, object_count: int) -> ExpectationSuite:
    """The suite for one load; `object_count` is the floor below which nothing was judged at all.

    Without the floor an empty batch would pass every other expectation.
    """
    return ExpectationSuite(
        name=f"{kind}_load",
        expectations=[
            ExpectTableRowCountToEqual(value=object_count, severity="critical"),
            *(expectation for limit in limits(kind) for expectation in _expected(limit)),
        ],
    )


def _expected(limit: Limit) -> Iterator[Expectation]:
    """Nothing over the limit. Values of one column are asked for together; of pairs, each pair is two queries more."""
    for column, severity in limit.expected_zero:
        yield ExpectColumnValuesToBeBetween(column=column, max_value=0, severity=severity, description=limit.meaning)


def explain(arguments: dict, observed: object) -> str:
    """One failed expectation for a person: what was found, and what was expected.

    `observed` is the row of the object at fault, or the observed value of an expectation on the whole load.
    """
    over = arguments.get("column")
    if over is None:
        return f"{observed} objects were counted, expected {arguments.get('value')}"
    row = observed if isinstance(observed, dict) else {}
    column, _, limit_name = over.rpartition("_over_")
    meaning = next(limit.meaning for kind in DROP_KINDS for limit in limits(kind) if limit.column == column)
    text = f"{meaning}: {row.get(f'{column}_found')}{_names(column, row)}"
    at_most = row.get(f"{column}_{limit_name}")
    is_obvious = limit_name == "expected" and not at_most
    return text if is_obvious or column == "ledger_difference" else f"{text}, at most {at_most} {limit_name}"


def _names(column: str, row: dict) -> str:
    """What was counted, by name."""
    if column == "missing_verb_names_count":
        return f" ({row['missing_verb_names']})"
    if column == "refused_count":
        counts = sorted(row["refused_counts"].items(), key=lambda counted: (-counted[1], counted[0]))
        return f" ({', '.join(f'{reason} {count}' for reason, count in counts)})"
    return ""
