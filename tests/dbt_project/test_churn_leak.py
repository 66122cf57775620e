"""No feature of churn knows the future: what is added, delivered late or voided after a Monday moves none of it.

Delivered by hand with the times of live operation: an object's time in the lake is when it was delivered.
"""

import json
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from clickhouse_connect.driver.client import Client

from orchestration.loading import load_pending
from orchestration.loading.steps import gate
from orchestration.resources.lake import S3Lake
from orchestration.settings import Settings
from tests.object_store import s3_client
from tests.passing_judge import PassingJudge

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

STARTED_ON = datetime(2025, 9, 1, tzinfo=UTC)
MONDAY = datetime(2025, 9, 22, tzinfo=UTC)
# A Monday is asked for once the data reach three days beyond it.
LEARNERS, WEEKS = 14, 4
COURSE = "https://lms.example/course"
VERBS = ("http://adlnet.gov/expapi/verbs/", "answered", "commented", "completed", "experienced")
VOIDED = "http://adlnet.gov/expapi/verbs/voided"
ORDER = "order by learner_id, course_id, as_of_at"


def statement(number: int, learner: int, moment: datetime, kind: int, voids: int | None = None) -> dict:
    """One statement; with `voids` it voids another."""
    thing = {"id": f"https://lms.example/item/{kind}-{number % 9}", "definition": {"type": _type(kind)}}
    said = {
        "id": _id(number),
        "actor": {"account": {"homePage": "https://lms.example", "name": f"learner-{learner}"}},
        "verb": {"id": VERBS[0] + VERBS[1 + kind]},
        "object": thing,
        "context": {"contextActivities": {"parent": [{"id": COURSE, "definition": {"type": _type(-1)}}]}},
        "timestamp": f"{moment:%Y-%m-%dT%H:%M:%SZ}",
    }
    if kind == 0:
        said["result"] = {"success": number % 3 > 0}
    if voids is not None:
        said["verb"] = {"id": VOIDED}
        said["object"] = {"objectType": "StatementRef", "id": _id(voids)}
    return said


def _id(number: int) -> str:
    return str(UUID(int=number + (4 << 76) + (8 << 60)))


def _type(kind: int) -> str:
    return "http://adlnet.gov/expapi/activities/" + (
        "cmi.interaction" if kind == 0 else "lesson" if kind > 0 else "course"
    )


@pytest.fixture
def deliver(
    warehouse: Client, lake: S3Lake, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Callable[[dict[datetime, list[dict]]], None]:
    """deliver({when: statements}) puts objects into the lake as of these times, and loads them past the gate."""
    monkeypatch.setattr(gate, "_great_expectations", lambda *_: PassingJudge())

    def put_and_load(objects: dict[datetime, list[dict]]) -> None:
        for when, statements in objects.items():
            s3_client(settings).put_object(
                Bucket=settings.lake.bucket,
                Key=f"events/web/dt={when:%Y-%m-%d}/{when:%H%M}.ndjson",
                Body="".join(json.dumps(statement) + "\n" for statement in statements).encode(),
                Metadata={"mtime": str(when.timestamp())},
            )
        assert load_pending(warehouse, lake, settings).parked_count == 0

    return put_and_load


def history(chance: random.Random) -> list[tuple[datetime, dict]]:
    """(delivery, statement) of four weeks: most come within the day, some a few days later."""
    deliveries = []
    for number in range(420):
        moment = STARTED_ON + timedelta(hours=1, seconds=chance.random() * WEEKS * 7 * 86_400 * 0.98)
        delay = timedelta(hours=chance.choice((1, 1, 1, 100)))
        deliveries.append((moment + delay, statement(number, number % LEARNERS, moment, chance.randrange(4))))
    return deliveries


def future(chance: random.Random) -> list[dict]:
    """Statements delivered after the Monday: new ones, late ones of the weeks before, and voidings of both."""
    days = [*range(1, 21), *range(22, 33)]
    added = [
        statement(
            1000 + number,
            number % (LEARNERS + 3),
            STARTED_ON + timedelta(days=chance.choice(days), hours=5),
            number % 4,
        )
        for number in range(200)
    ]
    voided = chance.sample(range(420), 60)
    return added + [
        statement(2000 + place, 0, MONDAY + timedelta(days=2), 3, voids=number) for place, number in enumerate(voided)
    ]


def test_what_happens_after_a_monday_moves_no_feature_of_it(
    warehouse: Client, dbt: Callable[..., None], deliver: Callable[[dict[datetime, list[dict]]], None]
):
    chance = random.Random(5)
    by_time: dict[datetime, list[dict]] = {STARTED_ON + timedelta(minutes=30): [statement(900, 0, STARTED_ON, 1)]}
    for when, said in history(chance):
        at_night = datetime(when.year, when.month, when.day, 23, tzinfo=UTC)
        by_time.setdefault(at_night, []).append(said)
    deliver(by_time)
    delivered = warehouse.query("select min(delivered_at), max(delivered_at) from raw.event_lines").result_rows[0]
    assert delivered[0].replace(tzinfo=UTC) == STARTED_ON + timedelta(minutes=30), (
        "the lake keeps the time of an object"
    )

    dbt("build", "--select", "+agg_churn_training", "--exclude-resource-type", "test", "unit_test")
    before = warehouse.query(
        f"select * from marts.agg_churn_features where as_of_at <= '2025-09-22' {ORDER}"
    ).result_rows
    labels = warehouse.query("select countIf(is_churned), count() from marts.agg_churn_training").result_rows
    assert len(before) > 2 * LEARNERS

    deliver({MONDAY + timedelta(days=12): future(chance)})
    dbt("run", "--select", "+agg_churn_training")
    after = warehouse.query(
        f"select * from marts.agg_churn_features where as_of_at <= '2025-09-22' {ORDER}"
    ).result_rows
    assert after == before

    # The future was seen, by the label and by later Mondays; or the comparison would prove nothing.
    assert warehouse.query("select countIf(is_churned), count() from marts.agg_churn_training").result_rows != labels
    assert warehouse.query(
        "select countIf(isNotNull(voided_at)), countIf(known_at > occurred_at) from marts.fct_known_events"
    ).result_rows[0] > (50, 50)
    assert (
        warehouse.query("select count() from marts.agg_churn_features where as_of_at > '2025-09-22'").result_rows[0][0]
        > 10
    )
