"""The expectations on a load, one suite per kind of drop.

Critical ones hold an object; the others only say that it is published with some lines refused. They look at one row
per object (see `facts`), so that the objects at fault are known by their id and the rest of the load goes on.
"""

from great_expectations import ExpectationSuite
from great_expectations.expectations import (
    ExpectColumnPairValuesAToBeGreaterThanB,
    ExpectColumnPairValuesToBeEqual,
    ExpectColumnValuesToBeBetween,
    ExpectTableRowCountToEqual,
)

from orchestration.expectations.facts import COUNTED

_MEANINGS = {
    "rejected_count": "lines that are not a JSON object",
    "missing_actor_count": "lines that do not say who",
    "missing_verb_count": "lines that do not say what was done",
    "missing_object_count": "lines that do not say to what",
    "missing_timestamp_count": "lines that do not say when",
    "implausible_timestamp_count": "lines with an impossible time",
    "missing_activity_count": "lines without an activity_id",
}


def suite_for(kind: str, object_count: int) -> ExpectationSuite:
    """The suite for one load; `object_count` is the floor below which nothing was judged at all.

    Without the floor an empty batch would pass every other expectation.
    """
    counted = ["rejected_count", *COUNTED[kind]]
    return ExpectationSuite(
        name=f"{kind}_load",
        expectations=[
            ExpectTableRowCountToEqual(value=object_count, severity="critical"),
            ExpectColumnPairValuesToBeEqual(column_A="line_count", column_B="ledger_line_count", severity="critical"),
            *(
                ExpectColumnPairValuesAToBeGreaterThanB(
                    column_A="allowed_count", column_B=column, or_equal=True, severity="critical"
                )
                for column in counted
            ),
            *(ExpectColumnValuesToBeBetween(column=column, max_value=0, severity="warning") for column in counted),
        ],
    )


def explain(arguments: dict, found: object) -> str:
    """One failed expectation for a person: what was found, and what was expected.

    `found` is the row of the object at fault, or the observed value of an expectation on the whole load.
    """
    column = arguments.get("column_B") or arguments.get("column")
    if column is None:
        return f"{found} objects were counted, expected {arguments.get('value')}"
    row = found if isinstance(found, dict) else {}
    if column == "ledger_line_count":
        return f"{row.get('line_count')} lines are in raw, the ledger has {row.get(column)}"
    meaning = _MEANINGS[column]
    if "column_B" in arguments:
        return f"{meaning}: {row.get(column)}, at most {row.get('allowed_count')} allowed"
    return f"{meaning}: {row.get(column)}"
