"""Retention: what is older than the project keeps it goes, and a rebuild from the lake does not bring it back.

Of a line counts when its object was delivered. Commits of objects that have become too old are revoked; their objects
are due again, and the load that reads them refuses each line as `expired` and keeps no text (see `land`). So the marts
are built without them, whatever is rebuilt later. Rows of revoked commits are collected after a week. The limits are
the vars `retention_…_days` in dbt_project.yml.
"""

from dataclasses import dataclass
from datetime import timedelta
from functools import cache

import yaml
from clickhouse_connect.driver.client import Client

from orchestration.contract.lines import EXPIRED
from orchestration.drop_kinds import DROP_KINDS
from orchestration.loading.lake.objects import RAW_TABLES
from orchestration.loading.ledger.entries import server_now
from orchestration.loading.ledger.revoke import revoke
from orchestration.settings import PROJECT_ROOT

_VARS = {kind.name: kind.retention_var for kind in DROP_KINDS.values() if kind.retention_var}
"""Kind of drop → its var."""
_RECORDS_VAR = "retention_record_days"
_RECORDS = {"ops.interventions": "contacted_at", "ops.churn_scores": "as_of_at"}
"""Records about single learners that no drop brings, and their time."""


@dataclass(frozen=True)
class Retention:
    """Days that things are kept; None is for ever."""

    by_kind: dict[str, int | None]
    records: int | None


@cache
def retention() -> Retention:
    """The limits as the project sets them."""
    return read_retention((PROJECT_ROOT / "dbt_project.yml").read_text())


def read_retention(project: str) -> Retention:
    """The limits of a dbt_project.yml; raises ValueError that names what is no number of days."""
    variables = yaml.safe_load(project)["vars"]
    values = {name: variables.get(name) for name in (*_VARS.values(), _RECORDS_VAR)}
    wrong = [name for name, days in values.items() if days is not None and not (type(days) is int and days > 0)]
    if wrong:
        raise ValueError(f"dbt_project.yml: expected a number of days, or null for ever; wrong: {sorted(wrong)}")
    return Retention({kind: values[name] for kind, name in _VARS.items()}, values[_RECORDS_VAR])


def is_expired(kind: str, delivered_at: str) -> str:
    """The condition, as SQL, that an object of this kind is too old; `delivered_at` is an expression."""
    days = retention().by_kind.get(kind)
    return f"{delivered_at} < now64(3, 'UTC') - toIntervalDay({days})" if days else "false"


def expire(client: Client) -> int:
    """Make what has become too old due again, so that its lines go, and delete old records; returns the commits."""
    count = 0
    for kind, days in retention().by_kind.items():
        if days:
            pairs = _expired(client, kind)
            count += revoke(client, pairs, "expired", f"Delivered over {days} days ago.")
    if retention().records:
        before = server_now(client) - timedelta(days=retention().records)
        for table, moment in _RECORDS.items():
            condition = f"{moment} < {{before:DateTime64(3)}}"
            if client.query(
                f"select 1 from {table} where {condition} limit 1", parameters={"before": before}
            ).result_rows:
                client.command(f"delete from {table} where {condition}", parameters={"before": before})
    return count


def _expired(client: Client, kind: str) -> list[tuple[str, str]]:
    """Commits of old objects of which some line is still kept."""
    return client.query(
        f"""
        with old as (
            select load_id, object_id
            from ops.standing_commits
            where kind = {{kind:String}} and {is_expired(kind, "last_modified")}
        )
        select distinct load_id, object_id
        from {RAW_TABLES[kind]}
        where reject != '{EXPIRED}' and (load_id, object_id) in (select load_id, object_id from old)
        """,
        parameters={"kind": kind},
    ).result_rows
