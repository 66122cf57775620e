"""Tables of which runs recompute what was touched hold what one whole build makes, whatever came or was killed."""

from collections.abc import Callable, Iterator

import pytest
from clickhouse_connect.driver.client import Client

from orchestration.settings import Settings
from tests.dbt_project.incremental import NEVER_WHOLE, Incremental
from tests.dbt_project.snapshots import built_whole_by

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

VOIDED = "http://adlnet.gov/expapi/verbs/voided"
DEDUPLICATED = "int_statements__deduplicated"
# Small months are rewritten where rows change. With this they are deleted from, as large ones are.
THINNED = f"{NEVER_WHOLE}, thinned_partition_rows: 0"
# One query of each kind that publishing is made of, and whether dbt dies before the engine has done it or after.
KILLS = [
    (("delete from", f"{DEDUPLICATED}__touched_next"), True),
    (("exchange", f"{DEDUPLICATED}__touched_next"), True),
    (("insert into", "int_object_states__consumed"), True),
]
MORE_KILLS = [
    (("insert into", "stg_xapi__statements__touched_new"), True),
    (("exchange", f"{DEDUPLICATED}__touched_next"), False),
    (("drop table", "int_statements__compared__touched_new"), True),
    (("alter table", f"{DEDUPLICATED}__touched_next"), True),
    (("delete from", f"{DEDUPLICATED}__touched_next"), False),
    (("insert into", "fct_learning_events__touched_next"), True),
]


@pytest.fixture(scope="module")
def site(warehouse: Client, settings: Settings) -> Iterator[Incremental]:
    site = Incremental(warehouse, settings)
    yield site
    site.proxy.close()


@pytest.fixture(scope="module")
def say(statement: Callable[..., dict]) -> Callable[..., dict]:
    """say(n, day) is statement n on that day of winter, from 1 December; the first days are of another month."""

    def build(number: int, day: int = 36, **parts: object) -> dict:
        month, day_of_month = (12, day) if day <= 31 else (1, day - 31)
        time = f"{2025 + (day > 31)}-{month:02d}-{day_of_month:02d}T10:{number % 60:02d}:00Z"
        return statement(number, **({"timestamp": time} | parts))

    return build


@pytest.fixture(scope="module")
def built(site: Incremental, deliver: Callable[..., None], say: Callable[..., dict]) -> Incremental:
    """After a first build that was killed at its largest table, and one that was not."""
    deliver({
        "first": [say(number, day=number % 60 + 1) for number in range(120)],
        "second": [say(number, day=40) for number in range(200, 240)],
        "third": [say(number, day=20) for number in range(300, 340)],
        # Enough that stays in both months for rows to be deleted and not the month rewritten.
        "many": [say(number, day=number % 60 + 1) for number in range(3000, 3300)],
    })  # fmt: skip
    site.build_killed("insert into", f"{DEDUPLICATED}__touched_new", is_after=True)
    assert DEDUPLICATED not in site.names("intermediate")
    site.build()
    return site


def test_a_first_build_after_one_that_was_killed_is_whole(built: Incremental):
    """Its rows stay but for a few, and are compared with a whole build after the next one."""
    assert built.touched() == 0
    assert not [name for name in built.names("intermediate") if "__touched_n" in name]
    assert built.client.query(f"select count() from intermediate.{DEDUPLICATED}").result_rows == [(500,)]


def test_what_comes_late_twice_or_otherwise_and_what_stops_being_live(
    built: Incremental, deliver: Callable[..., None], say: Callable[..., dict]
):
    whole = built_whole_by(built.client)
    # New ones in an old month, copies of old ones, another content that was stored earlier and in another month. An
    # overwritten object loses some, keeps some, moves some; a voiding of an old one, and one of what comes later.
    voidings = [
        say(900 + number, day=41, verb={"id": VOIDED}, object={"objectType": "StatementRef", "id": say(target)["id"]})
        for number, target in enumerate((210, 310, 500))
    ]
    deliver({
        "new": [say(number, day=number % 50 + 1) for number in range(400, 420)],
        "copies": [say(number, day=40) for number in range(205, 215)],
        "conflicts": [say(301, day=45, stored="2025-12-20T00:00:00Z"), say(302, day=20, result={"response": "b"})],
        "second": [say(number, day=number % 40 + 1) for number in range(220, 250)],
        "voidings": voidings,
    })  # fmt: skip
    built.vars = THINNED
    built.build()
    assert masked_parts(built) > 0
    assert built.differences() == {}
    # The conflict goes, and with it the choice that it made; so do two voidings; what the third voids is there now.
    # The first object is damaged.
    deliver({"conflicts": [say(600)], "voidings": voidings[2:], "late": [say(500, day=10), say(501, day=10)]})
    built.vars = NEVER_WHOLE
    revoked = "select load_id, object_id, 'damaged', 'a test', now64(3) from ops.live_objects where object_key like "
    built.client.command(f"insert into ops.load_revocations {revoked} '%/first.ndjson'")
    built.build()
    assert built.differences() == {}
    assert built_whole_by(built.client) == whole, "a table was built whole: nothing was shown of touched units"


def test_killed_between_two_queries(built: Incremental, deliver: Callable[..., None], say: Callable[..., dict]):
    survives(built, deliver, say, KILLS, first=0)


@pytest.mark.faults
def test_killed_between_any_two_queries(built: Incremental, deliver: Callable[..., None], say: Callable[..., dict]):
    survives(built, deliver, say, MORE_KILLS, first=len(KILLS))


def survives(
    built: Incremental, deliver: Callable[..., None], say: Callable[..., dict], kills: list[tuple], first: int
) -> None:
    """Fails where a kill leaves anything wrong; `first` is the number of the first of these kills."""
    whole = built_whole_by(built.client)
    for number, (words, is_after) in enumerate(kills, first):
        # What was live in a killed run is overwritten before the next one: its rows may be anywhere.
        lines = [say(1000 + 10 * number + other, day=25 + number) for other in range(10)]
        deliver({"under_fire": lines, "second": [say(200 + number, day=30 + number), say(239, day=35)]})
        built.vars = THINNED if words[0] == "delete from" else NEVER_WHOLE
        built.build_killed(*words, is_after=is_after)
        assert built.touched() > 0
    built.build()
    assert built.touched() == 0
    assert built.differences() == {}
    assert built_whole_by(built.client) == whole


def test_nothing_new_changes_nothing_but_asides_of_killed_runs_are_swept(built: Incremental):
    tables = "select database, name, uuid from system.tables where comment like '%[whole %' order by all"
    before = built.client.query(tables).result_rows
    kept = {f"{DEDUPLICATED}__touched_notes", f"{DEDUPLICATED}__touched_new_0badcafe_mine", "x__touched_new_0badcafe"}
    for name in (*kept, f"{DEDUPLICATED}__touched_new_0badcafe", f"{DEDUPLICATED}__touched_next_0badcafe"):
        built.client.command(f"create table intermediate.{name} (x UInt8) engine = MergeTree order by x")
    built.client.command("create database if not exists elsewhere_intermediate")
    elsewhere = f"elsewhere_intermediate.{DEDUPLICATED}__touched_new_0badcafe"
    built.client.command(f"create table {elsewhere} (x UInt8) engine = MergeTree order by x")
    built.build()
    assert built.client.query(tables).result_rows == before
    assert {name for name in built.names("intermediate") if "__touched_n" in name} == kept
    assert built.names("elsewhere_intermediate") == {f"{DEDUPLICATED}__touched_new_0badcafe"}


def test_one_model_consumes_nothing_and_a_month_is_recomputed_when_asked(
    built: Incremental, deliver: Callable[..., None], say: Callable[..., dict]
):
    built.client.command(f"delete from intermediate.{DEDUPLICATED} where toYYYYMM(occurred_at) = 202512 and verb != ''")
    built.client.command(
        "insert into marts.fct_learning_events select * replace ('damaged' as verb) "
        "from marts.fct_learning_events where toYYYYMM(occurred_at) = 202512 limit 3"
    )
    assert set(built.differences()) == {f"intermediate.{DEDUPLICATED}", "marts.fct_learning_events"}
    deliver({"one": [say(2000)]})
    built.build("--select", "int_object_states stg_xapi__statements")
    assert built.touched() == 1
    whole, built.vars = built_whole_by(built.client), f"{built.vars}, refresh_months: ['2025-12']"
    built.build()
    assert built.touched() == 0
    assert built_whole_by(built.client) == whole
    assert built.differences() == {}


def test_a_full_refresh_of_one_model_builds_it_whole(built: Incremental):
    whole = built_whole_by(built.client)
    built.build("--select", "fct_learning_events", "--full-refresh")
    changed = {name for name, run in built_whole_by(built.client).items() if run != whole[name]}
    assert changed == {"fct_learning_events"}
    assert built.differences() == {}


def test_another_basis_builds_whole_and_what_is_made_from_it(built: Incremental, deliver: Callable[..., None]):
    whole = built_whole_by(built.client)
    deliver({"catalog/items.ndjson": [{"activity_id": "https://lms.example/page/1", "course_id": "c", "title": "One"}]})
    built.build()
    changed = {name for name, run in built_whole_by(built.client).items() if run != whole[name]}
    assert {DEDUPLICATED, "fct_learning_events"} <= changed
    assert not {"stg_xapi__statements", "int_statements__compared", "fct_event_deliveries"} & changed
    assert built.differences() == {}


def masked_parts(built: Incremental) -> int:
    """Parts of the tables that hide deleted rows."""
    parts = "select count() from system.parts where active and has_lightweight_delete"
    return built.client.query(parts).result_rows[0][0]
