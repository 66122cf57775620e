"""Step 5, commit: ONE insert of the ledger rows makes a batch part of the warehouse. Before it nothing is, after it
all is; a kill in between leaves nothing.
"""

from datetime import timedelta

from clickhouse_connect.driver.client import Client

from orchestration.loading.errors import LoadError
from orchestration.loading.ledger.entries import DROP_COLUMNS
from orchestration.loading.steps.audit import Landed

COMMIT_WITHIN = timedelta(hours=12)
"""Rows of an uncommitted attempt are deleted after 24 hours (see `collect`). A loader that slept longer than this, on
a closed laptop for instance, must not commit rows that may be gone."""

_AUDITED = {
    "line_count": "UInt64",
    "rejected_count": "UInt64",
    "line_bytes": "UInt64",
    "checksum": "UInt64",
    "form": "String",
    "has_more": "Bool",
}
"""What the audit found of an object → its type. All else comes from the plan."""

_COMMIT = """
insert into ops.load_commits (load_id, {drop_columns}, {audited_columns}, committed_at)
select planned.load_id, {planned_columns}, {found_columns}, now64(3, 'UTC')
from (
    select load_id, {drop_columns}
    from ops.load_plan
    where load_id = {{load_id:String}} and planned_at > now64(3, 'UTC') - toIntervalSecond({{commit_within:UInt32}})
    limit 1 by object_id
) as planned
inner join (
    select arrayJoin(arrayZip({{object_ids:Array(String)}}, {arrays})) as audited
) as found on tupleElement(found.audited, 1) = planned.object_id
""".format(
    drop_columns=", ".join(DROP_COLUMNS),
    planned_columns=", ".join(f"planned.{column}" for column in DROP_COLUMNS),
    audited_columns=", ".join(_AUDITED),
    found_columns=", ".join(f"tupleElement(found.audited, {position})" for position in range(2, len(_AUDITED) + 2)),
    arrays=", ".join(f"{{{column}:Array({kind})}}" for column, kind in _AUDITED.items()),
)


def commit(client: Client, load_id: str, landed: list[Landed]) -> None:
    """Enter the audited objects of the attempt into the ledger.

    The engine reads the plan and its own clock in the statement that writes: between a look of ours and the insert
    the loader could sleep for a day.
    """
    if not landed:
        return
    arrays = {column: [getattr(read, column) for read in landed] for column in _AUDITED}
    done = client.command(
        _COMMIT,
        parameters={
            "load_id": load_id,
            "object_ids": [read.drop.object_id for read in landed],
            "commit_within": int(COMMIT_WITHIN.total_seconds()),
            **arrays,
        },
        settings={"async_insert": 0},
    )
    if done.written_rows != len(landed) and _committed_count(client, load_id, landed) != len(landed):
        raise LoadError(
            f"Load {load_id} is not committed: its plan is gone from ops.load_plan, or is older than {COMMIT_WITHIN}, "
            "so that its rows may have been collected. Run the load again: it starts a new attempt."
        )


def _committed_count(client: Client, load_id: str, landed: list[Landed]) -> int:
    return client.query(
        "select uniqExact(object_id) from ops.load_commits "
        "where object_id in {object_ids:Array(String)} and load_id = {load_id:String}",
        parameters={"load_id": load_id, "object_ids": [read.drop.object_id for read in landed]},
    ).result_rows[0][0]
