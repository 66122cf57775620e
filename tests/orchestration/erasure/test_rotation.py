"""A new key: every pseudonym is another, contacts follow, and who is erased stays erased."""

import json
from dataclasses import replace

import pytest

from orchestration.erasure import rotation
from orchestration.erasure.person import learner_id_of
from orchestration.erasure.rotation import STEPS, RotationError, move_records, note_places, open_rotation, rotate
from orchestration.loading.ledger.tables import learner_id_key, record_learner_id_key

OLD, NEW = "1" * 64, "2" * 64


@pytest.fixture
def staging(warehouse, settings, put, statement, load, someone):
    """staging(key) is what a build under that key would leave of one statement and one enrolment."""
    put(f"{someone.folder}/a.ndjson", [statement(1, actor=someone.account)])
    load()
    identity = f"account|https://lms.example|{someone.name}"
    [[load_id, object_id]] = warehouse.query(
        "select load_id, object_id from ops.live_objects where startsWith(object_key, {folder:String})",
        parameters={"folder": someone.folder},
    ).result_rows
    warehouse.command("create database if not exists staging")

    def build(key: str) -> str:
        learner_id = learner_id_of(identity, key)
        for table in ("stg_xapi__statements", "stg_learners__enrolments"):
            warehouse.command(
                f"create or replace table staging.{table} (learner_id String, load_id String, object_id String, "
                "line_number UInt64) engine = MergeTree order by learner_id"
            )
        warehouse.command(
            "insert into staging.stg_xapi__statements values ({id:String}, {load:String}, {object:String}, 1)",
            parameters={"id": learner_id, "load": load_id, "object": object_id},
        )
        return learner_id

    yield build
    for table in ("stg_xapi__statements", "stg_learners__enrolments"):
        warehouse.command(f"drop table staging.{table} sync")
    record_learner_id_key(warehouse, settings.learner_id_key)


def contacts(warehouse) -> list[tuple[str, str]]:
    return warehouse.query("select learner_id, kind from ops.interventions final order by kind").result_rows


def record_contacts(warehouse, learner_id: str) -> None:
    warehouse.command("truncate table ops.interventions")
    warehouse.command(
        "insert into ops.interventions values ({id:String}, 'c', now64(3), 'call'), ('gone', 'c', now64(3), 'mail')",
        parameters={"id": learner_id},
    )


def test_contacts_follow_and_moving_twice_changes_nothing(warehouse, staging) -> None:
    old = staging(OLD)
    record_contacts(warehouse, old)
    note_places(warehouse)
    new = staging(NEW)
    assert new != old
    for _ in range(2):
        move_records(warehouse)
        assert contacts(warehouse) == [(new, "call"), ("gone", "mail")]


@pytest.mark.parametrize("killed_at", STEPS)
def test_killed_at_any_step_it_goes_on(warehouse, staging, settings, home, monkeypatch, killed_at) -> None:
    for name in ("secrets.json", "services.json"):
        (home / name).write_text(json.dumps({"learner_id_key": OLD, "other": 1}))
    record_learner_id_key(warehouse, OLD)
    record_contacts(warehouse, staging(OLD))
    own = replace(settings, home=home, learner_id_key=OLD)
    jobs = []

    def run_job(job: str) -> None:
        jobs.append(job)
        staging(learner_id_key(warehouse))

    insert = rotation.insert_rows

    def insert_or_die(client, table, columns, rows) -> None:
        if rows[0][1] == killed_at:
            raise KeyboardInterrupt
        insert(client, table, columns, rows)

    monkeypatch.setattr(rotation, "insert_rows", insert_or_die)
    with pytest.raises(KeyboardInterrupt):
        rotate(warehouse, own, "tester", run_job, is_key_ours=True)
    monkeypatch.setattr(rotation, "insert_rows", insert)
    rotate(warehouse, own, "tester", run_job, is_key_ours=True)
    key = learner_id_key(warehouse)
    assert key != OLD
    assert json.loads((home / "secrets.json").read_text()) == {"learner_id_key": key, "other": 1}
    assert contacts(warehouse) == [(staging(key), "call"), ("gone", "mail")]
    assert open_rotation(warehouse) == ""
    assert {"nightly", "weekly"} == set(jobs)


def test_where_the_key_is_not_ours_a_new_one_must_be_given(warehouse, settings, staging) -> None:
    record_learner_id_key(warehouse, OLD)
    with pytest.raises(RotationError, match="key in use"):
        rotate(warehouse, replace(settings, learner_id_key=OLD), "tester", lambda job: None, is_key_ours=False)
    staging(OLD)
    rotate(warehouse, replace(settings, learner_id_key=NEW), "tester", lambda job: None, is_key_ours=False)
    assert learner_id_key(warehouse) == NEW
