"""Contacts from a CSV file: what is taken, and what is said about what is not."""

from datetime import UTC, datetime

import pytest

from orchestration.churn.records import read_interventions

LEARNER = "0123456789abcdef0123456789abcdef"
HEAD = "learner_id,course_id,contacted_at,kind\n"


def test_a_contact_is_read_and_a_time_without_zone_is_utc():
    assert read_interventions(f"{HEAD}{LEARNER},c,2026-01-31T09:00,mail\n") == [
        (LEARNER, "c", datetime(2026, 1, 31, 9, tzinfo=UTC), "mail")
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("learner_id,course_id\n", "line 1: expected the columns .* missing: contacted_at, kind"),
        (f"{HEAD}{LEARNER},c,2026-01-31T09:00,mail\n{LEARNER},,2026-01-31T09:00,mail\n", "line 3: .* course_id"),
        (f"{HEAD}pat@example.org,c,2026-01-31T09:00,mail\n", "line 2: expected a learner_id"),
        (f"{HEAD}{LEARNER},c,31.1.26,mail\n", "line 2: contacted_at is '31.1.26'"),
    ],
)
def test_what_is_no_contact_is_named_by_its_line(text: str, message: str):
    with pytest.raises(ValueError, match=message):
        read_interventions(text)
