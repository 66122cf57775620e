"""Questions and the units that should teach them, against what was planted: one unit teaches its item, one does not."""

from collections.abc import Iterator

from orchestration.simulate.finding import PlantedFinding, Query, Row, number, text
from orchestration.simulate.truth import ItemTruth, Truth


def item_findings(query: Query, truth: Truth) -> Iterator[PlantedFinding]:
    """The first answers to both planted items, what covering their units is worth, and who is accused."""
    yield _first_answers(query, truth)
    rows = query(
        "select item_id, unit_id, item_title, unit_title, risk_difference, risk_difference_low, risk_difference_high, "
        "covered_count, uncovered_count, verdict, verdict_reason from marts.agg_instructional_gaps "
        "order by item_id, unit_id"
    )
    pairs = {(row["item_id"], row["unit_id"]): row for row in rows}
    for item in truth.items:
        yield _worth(item, pairs.get((item.item_id, item.unit_id)))
    yield _accused(truth.items[1], [row for row in rows if row["verdict"] == "does_not_teach"])


def _first_answers(query: Query, truth: Truth) -> PlantedFinding:
    listed = ", ".join(text(item.item_id) for item in truth.items)
    rows = query(
        f"select item_id, judged_count, correct_count from marts.agg_item_analysis where item_id in ({listed})"
    )
    counts = {row["item_id"]: (row["judged_count"], row["correct_count"]) for row in rows}
    wrong = []
    for item in truth.items:
        planted = (
            item.covered_count + item.uncovered_count,
            item.covered_correct_count + item.uncovered_correct_count,
        )
        if counts.get(item.item_id) != planted:
            wrong.append(f"'{item.title}': {counts.get(item.item_id)} instead of {planted}")
    counted = len(truth.items)
    question = "Items whose first answers and right ones are counted right"
    return PlantedFinding(question, counted, counted - len(wrong), None, None, not wrong, "; ".join(wrong))


def _worth(item: ItemTruth, row: Row | None) -> PlantedFinding:
    """Met when the interval of the adjusted difference holds the planted one."""
    question = f"What covering its video first is worth for '{item.title}'"
    if row is None:
        return PlantedFinding(
            question, item.planted_difference, None, None, None, False, "its unit is not held against it"
        )
    if row["risk_difference"] is None:
        return PlantedFinding(
            question, item.planted_difference, None, None, None, False, f"not told: {row['verdict_reason']}"
        )
    low, high = number(row, "risk_difference_low"), number(row, "risk_difference_high")
    detail = f"{row['covered_count']} had covered it, {row['uncovered_count']} had not; verdict {row['verdict']}"
    measured = round(number(row, "risk_difference"), 4)
    is_met = low <= item.planted_difference <= high
    return PlantedFinding(question, item.planted_difference, measured, round(low, 4), round(high, 4), is_met, detail)


def _accused(untaught: ItemTruth, accused: list[Row]) -> PlantedFinding:
    """Met when the planted item is accused and no other is."""
    wrongly_accused = [f"'{row['item_title']}' by '{row['unit_title']}'" for row in accused]
    is_met = [(row["item_id"], row["unit_id"]) for row in accused] == [(untaught.item_id, untaught.unit_id)]
    measured = accused[0]["item_title"] if len(accused) == 1 else f"{len(accused)} items"
    question = "The item that its unit does not teach, and no other"
    return PlantedFinding(question, untaught.title, measured, None, None, is_met, "; ".join(wrongly_accused))
