"""An erasure leaves nothing, may be killed anywhere, and later deliveries bring nothing back."""

import gzip
import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
import zstandard

from orchestration.churn.records import write_interventions
from orchestration.erasure import steps
from orchestration.erasure.files import files_with
from orchestration.erasure.holdings import holdings, wanted
from orchestration.erasure.person import PersonError
from orchestration.erasure.receipt import Receipt
from orchestration.erasure.redelivered import rewrite_redelivered
from orchestration.erasure.steps import STEPS, erase, known_person, open_request, open_requests, plan
from orchestration.loading import status
from tests.faults.bad_input.cases import parquet
from tests.faults.bad_input.reader import parquet_rows
from tests.object_store import s3_client
from tests.orchestration.erasure.conftest import HOME_PAGE, Someone
from tests.passing_judge import judge_by

AGENT = {"objectType": "Agent"}
LIVE = "(load_id, object_id) in (select load_id, object_id from ops.live_objects)"


@pytest.fixture
def everywhere(put, statement, load, someone) -> dict[str, bytes]:
    """Objects that name the person in every place and packing; key → body as delivered."""
    account, other, folder = someone.account, statement(2), someone.folder
    bodies = {
        f"{folder}/a.ndjson.gz": gzip.compress(_lines(statement(1, actor=account), other, statement(3, actor=account))),
        f"{folder}/b.ndjson": _lines(
            other, statement(4, context={"instructor": account}), statement(5, object=account | AGENT)
        ),
        f"{folder}/c.json": json.dumps([statement(6, actor=account), statement(7)], indent=1).encode(),
        f"{folder}/d.json": json.dumps({"statements": [statement(8, actor=account), statement(9)]}).encode(),
        f"{folder}/e.ndjson.zst": zstandard.compress(_lines(statement(10, actor=account), statement(11))),
        f"{folder}/p.parquet": parquet([json.dumps(statement(15, actor=account)), json.dumps(statement(16)), None]),
        f"{folder}/torn.ndjson.gz": gzip.compress(_lines(statement(12)))[:-12],
        f"{folder}/clean.ndjson": _lines(statement(13), statement(14)),
        f"learners/{someone.number}.ndjson": _lines(
            {"actor": account, "course_id": "https://c.example/1"}, {"actor": other["actor"]}
        ),
    }
    for key, body in bodies.items():
        put(key, body)
    load()
    return bodies


def _lines(*documents: dict) -> bytes:
    return b"".join(json.dumps(document).encode() + b"\n" for document in documents)


def _bodies(settings) -> dict[str, bytes]:
    """Every object of the lake, unpacked where it can be."""
    s3 = s3_client(settings)
    listed = s3.list_objects_v2(Bucket=settings.lake.bucket).get("Contents", [])
    keys = [one["Key"] for one in listed if "torn" not in one["Key"]]
    return {key: _text(s3.get_object(Bucket=settings.lake.bucket, Key=key)["Body"].read()) for key in keys}


def _text(body: bytes) -> bytes:
    if body.startswith(b"\x1f\x8b"):
        return gzip.decompress(body)
    return zstandard.decompress(body) if body.startswith(b"\x28\xb5") else body


def _engine_files(settings, person) -> list[Path]:
    """Files of the session's engine that have the person, its compressed blocks unpacked."""
    return list(files_with(settings.home / "clickhouse", person.pattern()))


def _erase(site, someone: Someone) -> Receipt:
    return erase(site, open_request(site, known_person(site, [someone.given]), "tester"))


def test_nothing_is_left_in_lake_raw_or_the_engines_files(everywhere, site, settings, warehouse, lake, someone) -> None:
    person = known_person(site, [someone.given])
    assert _engine_files(settings, person), "the scan must see the person before"
    receipt = _erase(site, someone)
    bodies, folder = _bodies(settings), someone.folder
    assert not [key for key, body in bodies.items() if someone.name.encode() in body]
    assert bodies[f"{folder}/clean.ndjson"] == everywhere[f"{folder}/clean.ndjson"]
    assert bodies[f"{folder}/a.ndjson.gz"].count(b"\n") == 1
    assert len(json.loads(bodies[f"{folder}/d.json"])["statements"]) == 1
    assert parquet_rows(bodies[f"{folder}/p.parquet"]) == parquet_rows(everywhere[f"{folder}/p.parquet"])[1:]
    assert not _engine_files(settings, person)
    assert receipt.left == []
    assert receipt.proof["rows_found_by_query"] == 0
    assert status(warehouse, lake).adds_up
    assert someone.name not in json.dumps(vars(receipt))
    assert open_requests(site.settings.home) == []
    live = f"select count() from raw.event_lines where reject = '' and source = '{folder[7:]}' and {LIVE}"
    assert warehouse.query(live).result_rows == [(8,)]


def test_a_redelivery_stays_out_and_shows_as_a_count(everywhere, site, settings, warehouse, put, load, someone) -> None:
    person = known_person(site, [someone.given])
    _erase(site, someone)
    for key, body in everywhere.items():
        put(key, body)
    load()
    events, learners = (
        warehouse.query(
            f"select reject, countIf(line != ''), count() from raw.{table} where {LIVE} "
            f"and object_key in {{keys:Array(String)}} group by reject order by reject",
            parameters={"keys": list(everywhere)},
        ).result_rows
        for table in ("event_lines", "learner_lines")
    )
    assert (events, learners) == (
        [("", 8, 8), ("erased", 0, 8), ("null_statement", 0, 1)],
        [("", 1, 1), ("erased", 0, 1)],
    )
    assert holdings_of(site, person) == {}
    written, left = rewrite_redelivered(site.client, site.lake, site.settings)
    assert (len(written), left) == (7, [])
    assert not [key for key, body in _bodies(settings).items() if someone.name.encode() in body]


def holdings_of(site, person) -> dict[str, int]:
    with wanted(site.client, person):
        return holdings(site.client)


def test_killed_before_and_after_the_record_of_every_step_it_goes_on(
    put, statement, load, site, settings, monkeypatch, someone
) -> None:
    put(f"{someone.folder}/a.ndjson", [statement(1, actor=someone.account), statement(2)])
    load()
    person = known_person(site, [someone.given])
    record, deaths = steps._record, [(step, moment) for step in STEPS for moment in ("before", "after")]

    def record_or_die(site, request, step, detail) -> None:
        if deaths and deaths[0] == (step, "before"):
            raise KeyboardInterrupt
        record(site, request, step, detail)
        if deaths and deaths[0] == (step, "after"):
            raise KeyboardInterrupt

    monkeypatch.setattr(steps, "_record", record_or_die)
    request = open_request(site, person, "tester")
    while deaths:
        with pytest.raises(KeyboardInterrupt):
            erase(site, request)
        deaths.pop(0)
        [request] = open_requests(site.settings.home)
    receipt = erase(site, request)
    assert receipt.left == []
    assert receipt.objects[0]["outcome"] == "rewritten"
    assert not _engine_files(settings, person)
    assert open_requests(site.settings.home) == []


def test_killed_between_writing_an_object_and_recording_it(
    put, statement, load, site, settings, monkeypatch, someone, lake
) -> None:
    key = put(f"{someone.folder}/a.ndjson", [statement(1, actor=someone.account), statement(2)])
    load()

    def write_then_die(key: str, body: bytes) -> bool:
        overwrite(key, body)
        raise KeyboardInterrupt

    overwrite = lake.overwrite
    monkeypatch.setattr(lake, "overwrite", write_then_die)
    with pytest.raises(KeyboardInterrupt):
        _erase(site, someone)
    monkeypatch.undo()
    judge_by(monkeypatch)
    receipt = erase(site, *open_requests(site.settings.home))
    assert [(outcome["object_key"], outcome["outcome"]) for outcome in receipt.objects] == [(key, "rewritten")]
    assert receipt.left == []


def test_where_the_lake_forbids_writing_the_lines_stay_out_and_a_person_is_told(
    put, statement, load, site, settings, monkeypatch, someone, lake, warehouse
) -> None:
    key = put(f"{someone.folder}/a.ndjson", [statement(1, actor=someone.account), statement(2)])
    load()
    person = known_person(site, [someone.given])
    monkeypatch.setattr(lake, "overwrite", lambda key, body: False)
    receipt = _erase(site, someone)
    assert [line for line in receipt.left if key in line]
    assert not _engine_files(settings, person)
    query = f"select reject, line = '' from raw.event_lines where object_key = '{key}' and {LIVE} order by reject"
    assert warehouse.query(query).result_rows == [("", 0), ("erased", 1)]
    monkeypatch.undo()
    rewrite_redelivered(site.client, site.lake, site.settings)
    assert someone.name.encode() not in _bodies(settings)[key]


def test_the_plan_says_what_would_go_and_changes_nothing(everywhere, site, settings, someone, warehouse) -> None:
    before = _bodies(settings)
    erasure = plan(site, known_person(site, [someone.given]))
    assert {key for key, _ in erasure.objects} == set(everywhere) - {
        f"{someone.folder}/clean.ndjson",
        f"{someone.folder}/torn.ndjson.gz",
    }
    assert erasure.roles == {"actor": 6, "elsewhere": 2}
    assert _bodies(settings) == before


def test_neighbours_with_a_longer_name_stay(put, statement, load, site, settings, someone) -> None:
    neighbour = {"account": {"homePage": HOME_PAGE, "name": f"{someone.name}11"}}
    key = put(f"{someone.folder}/near.ndjson", [statement(20, actor=someone.account), statement(21, actor=neighbour)])
    load()
    _erase(site, someone)
    assert re.findall(rb'"name": ?"([^"]*)"', _bodies(settings)[key]) == [f"{someone.name}11".encode()]


def test_a_stranger_is_unknown(site) -> None:
    assert plan(site, known_person(site, ["never.seen@example.org"])).is_empty
    with pytest.raises(PersonError, match="form that names a person"):
        known_person(site, ["Anna"])


def test_contacts_of_an_older_list_are_not_recorded_again(
    put, statement, load, site, settings, someone, warehouse
) -> None:
    put(f"{someone.folder}/a.ndjson", [statement(30, actor=someone.account), statement(31)])
    load()
    person = known_person(site, [someone.given])
    other, at = "f" * 32, datetime(2026, 1, 5, tzinfo=UTC)
    _erase(site, someone)
    [learner_id] = person.learner_ids
    rows = [(learner_id, "c", at, "mail"), (other, "c", at, "mail")]
    assert write_interventions(warehouse, rows) == 1
    recorded = "select learner_id from ops.interventions where learner_id in ({one:String}, {two:String})"
    recorded_rows = warehouse.query(recorded, parameters={"one": learner_id, "two": other})
    assert recorded_rows.result_rows == [(other,)]
