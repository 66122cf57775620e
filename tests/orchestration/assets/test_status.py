"""The status on an asset's page."""

from datetime import UTC, date, datetime

from orchestration.assets.status import SHOWN_ROWS, status_metadata
from orchestration.loading import Status
from orchestration.loading.state.history import LoadDay
from orchestration.loading.state.refused import Unread

NOON = datetime(2025, 9, 8, 12, tzinfo=UTC)


def test_the_equation_is_numbers_that_dagster_can_plot():
    metadata = status_metadata(Status(listed=4, live=3, parked=1))
    assert metadata["objects_listed"] == 4
    assert (metadata["objects_live"], metadata["objects_parked"], metadata["objects_due"]) == (3, 1, 0)
    assert metadata["adds_up"] is True


def test_parts_without_rows_are_left_out():
    assert all(isinstance(value, int) for value in status_metadata(Status()).values())


def test_without_a_listing_no_number_is_made_up():
    metadata = status_metadata(Status(listed=None, due=None, ignored=None, lake_error="down"))
    assert not {"objects_listed", "objects_due", "objects_ignored"} & set(metadata)
    assert metadata["lake_error"] == "down"


def test_tables_are_markdown_that_a_key_cannot_break():
    unread = Unread("o", "lake", "events/a|b_`c`.ndjson", "timeout", "two\nlines", False, 3, NOON, NOON, NOON)
    state = Status(parked_objects=[unread], loads_by_day=[LoadDay(date(2025, 9, 8), 1, 2, 3456, 0, 9)])
    metadata = status_metadata(state)
    assert metadata["parked"].md_str.splitlines() == [
        "| object | code | tries | next try (UTC) | message |",
        "| --- | --- | --- | --- | --- |",
        r"| events/a\|b\_\`c\`.ndjson | timeout | 3 | 2025-09-08 12:00 | two lines |",
    ]
    assert metadata["loads_by_day"].md_str.splitlines()[2] == "| 2025-09-08 | 1 | 2 | 3,456 | 0 |"


def test_a_long_table_says_how_many_rows_it_leaves_out():
    state = Status(rejected_by_reason={f"reason{number}": 1 for number in range(SHOWN_ROWS + 3)})
    text = status_metadata(state)["rejected_lines"].md_str
    assert "reason19" in text
    assert "reason20" not in text
    assert "… and 3 more" in text
