"""A new key for pseudonyms: every learner gets another `learner_id`, and what is kept under the old one follows.

    places      where in raw each pseudonym comes from, by object and line
    key         the new key is recorded; on `local` it is made here and written into the home
    staging     the job `nightly`: staging is built whole with the new key, and all that is made of it
    records     contacts and scores get the new pseudonyms: the same lines tell which
    marts       the job `weekly`, which reads them
    leftovers   places and former parts of tables are removed from the disk

Steps that are done are in `ops.erasure_steps`, under the rotation's id. Who is erased is remembered under another key,
and stays so.
"""

import json
import secrets
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

from clickhouse_connect.driver.client import Client

from orchestration.erasure.tables import renew_all
from orchestration.loading.errors import WarehouseError
from orchestration.loading.ledger.entries import insert_rows, server_now
from orchestration.loading.ledger.tables import ensure_raw_tables, learner_id_key, record_learner_id_key
from orchestration.machine.private import write_private
from orchestration.settings import SERVICES_FILE, Settings

ROTATION = "rotation-"
STEPS = ("places", "key", "staging", "records", "marts", "leftovers")
PLACES = "ops.pseudonym_places"
LINES_KEPT = 5
"""Of each learner: one may be gone when staging is built again, because its object was overwritten meanwhile."""
RECORDS = ("interventions", "churn_scores")
_STATEMENTS, _ENROLMENTS = "staging.stg_xapi__statements", "staging.stg_learners__enrolments"


class RotationError(WarehouseError):
    """The key cannot be changed as things are."""


def rotate(
    client: Client,
    settings: Settings,
    by: str,
    run_job: Callable[[str], None],
    is_key_ours: bool,
    on_step: Callable[[str], None] = lambda step: None,
) -> str:
    """Change the key, or go on with a change that was interrupted; returns the rotation's id.

    `is_key_ours`: it is in the home's secrets, so that a new one is made here. Elsewhere the settings hold the new key
    already. Raises RotationError when they hold the key that is in use.
    """
    ensure_raw_tables(client)
    rotation_id = open_rotation(client)
    is_new = not rotation_id
    recorded = learner_id_key(client)
    if is_new and not is_key_ours and recorded in ("", settings.learner_id_key):
        raise RotationError(
            "LEARNER_ID_KEY is the key in use. Export a new one (64 hex digits, for instance from 'openssl rand -hex "
            "32'), keep the old one until this is done, and run rotate-key again."
        )
    rotation_id = rotation_id or f"{ROTATION}{uuid4().hex}"
    actions: dict[str, Callable[[], None]] = {
        "places": lambda: note_places(client),
        "key": lambda: _change_key(client, settings, is_key_ours),
        "staging": lambda: run_job("nightly"),
        "records": lambda: move_records(client),
        "marts": lambda: run_job("weekly"),
        "leftovers": lambda: _clear(client),
    }
    done = _done(client, rotation_id)
    for step in STEPS:
        if step not in done:
            on_step(step)
            actions[step]()
            row = (rotation_id, step, by, "{}", server_now(client))
            insert_rows(client, "erasure_steps", ("request_id", "step", "done_by", "detail", "done_at"), [row])
    return rotation_id


def open_rotation(client: Client) -> str:
    """The rotation that was begun and not finished; empty without one."""
    rows = client.query(
        "select request_id from ops.erasure_steps where startsWith(request_id, {begin:String}) group by request_id "
        "having countIf(step = {last:String}) = 0",
        parameters={"begin": ROTATION, "last": STEPS[-1]},
    ).result_rows
    return rows[0][0] if rows else ""


def note_places(client: Client) -> None:
    """Keep for each pseudonym some lines that it comes from; again after a kill, as long as the key is the old one."""
    client.command(f"drop table if exists {PLACES} sync")
    client.command(
        f"create table {PLACES} (learner_id String, kind String, load_id String, object_id String, line_number UInt64) "
        "engine = MergeTree order by learner_id"
    )
    client.command(
        f"""
        insert into {PLACES}
        select learner_id, 'events', load_id, object_id, line_number
        from {_STATEMENTS}
        where learner_id != '' and (load_id, object_id) in (select load_id, object_id from ops.live_objects)
        limit {LINES_KEPT} by learner_id
        """
    )
    client.command(
        f"""
        insert into {PLACES}
        select learner_id, 'learners', '', object_id, line_number
        from {_ENROLMENTS}
        where learner_id != ''
        limit {LINES_KEPT} by learner_id
        """
    )


def move_records(client: Client) -> None:
    """Rows of `ops` under an old pseudonym get the new one; a pseudonym that no line is left of stays as it is."""
    for table in RECORDS:
        beside = f"ops.{table}__rotating"
        client.command(f"drop table if exists {beside} sync")
        client.command(f"create table {beside} as ops.{table}")
        client.command(
            f"""
            insert into {beside}
            select records.* replace (if(moved.new_id = '', records.learner_id, moved.new_id) as learner_id)
            from ops.{table} as records
            left join ({_moved()}) as moved on moved.old_id = records.learner_id
            """
        )
        client.command(f"exchange tables {beside} and ops.{table}")
        client.command(f"drop table {beside} sync")


def _moved() -> str:
    """Old pseudonym → new one, by the lines that both come from."""
    return f"""
        select old_id, any(made_id) as new_id
        from (
            select places.learner_id as old_id, statements.learner_id as made_id
            from {PLACES} as places
            inner join (
                select load_id, object_id, line_number, learner_id
                from {_STATEMENTS}
                where (load_id, object_id, line_number) in (select load_id, object_id, line_number from {PLACES})
            ) as statements using (load_id, object_id, line_number)
            where places.kind = 'events'
            union all
            select places.learner_id, enrolments.learner_id
            from {PLACES} as places
            inner join (
                select object_id, line_number, learner_id
                from {_ENROLMENTS}
                where (object_id, line_number) in (select object_id, line_number from {PLACES})
            ) as enrolments using (object_id, line_number)
            where places.kind = 'learners'
        )
        where made_id != ''
        group by old_id
    """


def _change_key(client: Client, settings: Settings, is_key_ours: bool) -> None:
    """The home's secrets first: killed in between, they have a key that the warehouse has not, which is the new one."""
    key = settings.learner_id_key
    if is_key_ours:
        recorded = learner_id_key(client)
        key = _key_in_home(settings.home)
        if key == recorded:
            key = secrets.token_hex(32)
            _write_key(settings.home, key)
    record_learner_id_key(client, key)


def _key_in_home(home: Path) -> str:
    return json.loads((home / "secrets.json").read_text())["learner_id_key"]


def _write_key(home: Path, key: str) -> None:
    """Into the file that the services read at their start, and into the one that describes those that run."""
    for name in ("secrets.json", SERVICES_FILE):
        path = home / name
        write_private(path, json.loads(path.read_text()) | {"learner_id_key": key})


def _clear(client: Client) -> None:
    client.command(f"drop table if exists {PLACES} sync")
    renew_all(client)


def _done(client: Client, rotation_id: str) -> set[str]:
    rows = client.query(
        "select step from ops.erasure_steps where request_id = {id:String}", parameters={"id": rotation_id}
    ).result_rows
    return {row[0] for row in rows}
