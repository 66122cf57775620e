"""A person gets their lines and their rows, and no one else's."""

import json
import stat

import pytest

from orchestration.erasure.export import export
from orchestration.erasure.person import PersonError
from orchestration.erasure.steps import known_person
from orchestration.loading.errors import WarehouseError


def test_a_person_gets_their_lines_and_rows(put, statement, load, site, warehouse, someone, tmp_path) -> None:
    put(f"{someone.folder}/a.ndjson", [statement(1, actor=someone.account), statement(2)])
    load()
    person = known_person(site, [someone.given])
    warehouse.command("create database if not exists marts")
    warehouse.command(
        "create or replace table marts.fct_of_test (learner_id String, at DateTime64(3, 'UTC')) engine = MergeTree "
        "order by learner_id"
    )
    warehouse.command(
        "insert into marts.fct_of_test values ({mine:String}, 0), ('another', 1)",
        parameters={"mine": next(iter(person.learner_ids))},
    )
    folder = tmp_path / "out"
    assert export(warehouse, person, folder) == {"lines.ndjson": 1, "marts/fct_of_test.ndjson": 1}
    [line] = (folder / "lines.ndjson").read_text().splitlines()
    assert json.loads(json.loads(line)["text"]) == statement(1, actor=someone.account)
    [row] = (folder / "marts" / "fct_of_test.ndjson").read_text().splitlines()
    assert json.loads(row) == {"learner_id": next(iter(person.learner_ids)), "at": "1970-01-01T00:00:00.000Z"}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    with pytest.raises(WarehouseError, match="exists"):
        export(warehouse, person, folder)
    warehouse.command("drop table marts.fct_of_test sync")


def test_a_stranger_gets_nothing(site, warehouse, tmp_path) -> None:
    with pytest.raises(PersonError, match="No such person"):
        export(warehouse, known_person(site, ["stranger@example.org"]), tmp_path / "out")
    assert not (tmp_path / "out").exists()
