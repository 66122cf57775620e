"""Release: a person publishes what the gate holds. The decision is a verdict of record, with its reason, and is final.

It concerns one version of an object. Whatever the gate says of it afterwards, it stays published; a corrected version
of its key replaces it as usual.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import batched

from clickhouse_connect.driver.client import Client

from orchestration.loading.errors import WarehouseError
from orchestration.loading.ledger.entries import MAX_IDS, insert_rows, server_now
from orchestration.loading.ledger.tables import prepare_warehouse
from orchestration.loading.ledger.verdicts import BLOCK, COLUMNS, LAST_VERDICT, MAX_REASON, PUBLISHED, RELEASE
from orchestration.settings import Settings

SHOWN = 5


class ReleaseError(WarehouseError):
    """What was asked for cannot be released."""


@dataclass(frozen=True)
class ReleaseRefusal:
    """An object that is not released, and why."""

    key: str
    why: str


@dataclass
class ReleaseReport:
    """What a release did; the field names are those of `warehouse release --json`."""

    load_id: str
    reason: str
    released: list[str] = field(default_factory=list)
    """Keys that are published from now on."""
    released_before: list[str] = field(default_factory=list)
    """Keys that an earlier release has published."""
    refused: list[ReleaseRefusal] = field(default_factory=list)
    """Objects of the load that the gate held and that may not be released; or the object that was asked for."""


@dataclass(frozen=True)
class _Commit:
    load_id: str
    object_id: str
    key: str
    bucket: str
    committed_at: datetime
    verdict: str
    """Empty while the gate has not looked at it."""
    judged_at: datetime
    said: str
    """The reason of the verdict."""


@dataclass(frozen=True)
class _Facts:
    """What decides on the commits of one load."""

    revoked: dict[str, str]
    """object_id → the reason of the revocation of its commit by this load."""
    published_elsewhere: dict[str, str]
    """object_id → another load of the same object that is published."""
    later: dict[tuple[str, str], tuple[datetime, str, str]]
    """(bucket, key) → (committed_at, load_id, object_id) of the version that arrived last."""


def release(client: Client, settings: Settings, load: str, reason: str, keys: Iterable[str] = ()) -> ReleaseReport:
    """Publish what the gate holds of a load, given by its id or the beginning of it; of these keys, or all.

    Raises ReleaseError when nothing of it is released now or before; the message says what was found instead.
    """
    if not reason.strip():
        raise ReleaseError("--reason is empty; the ledger keeps it, for anyone who asks later why this was published.")
    prepare_warehouse(client, settings)
    load_id = find_load(client, load)
    report = ReleaseReport(load_id, reason[:MAX_REASON])
    commits = _commits(client, load_id, set(keys))
    facts = _facts(client, commits)
    chosen = []
    for commit in commits:
        why = _why_not(commit, facts)
        if not why:
            chosen.append(commit)
        elif commit.verdict == RELEASE and commit.object_id not in facts.revoked:
            report.released_before.append(commit.key)
        elif keys or commit.verdict not in PUBLISHED:
            report.refused.append(ReleaseRefusal(commit.key, why))
    _write(client, load_id, chosen, report.reason)
    report.released = [commit.key for commit in chosen]
    if not (report.released or report.released_before):
        raise ReleaseError(_nothing(load_id, commits, report.refused))
    return report


def find_load(client: Client, load: str) -> str:
    """The id of the one load that begins so."""
    rows = client.query(
        "select distinct load_id from ops.load_commits where startsWith(load_id, {load:String}) order by load_id "
        f"limit {SHOWN + 1}",
        parameters={"load": load.strip().lower()},
    ).result_rows
    load_ids = [row[0] for row in rows]
    if not load.strip() or not load_ids:
        raise ReleaseError(f"No load begins with '{load}'. 'warehouse status' shows the loads of held objects.")
    if len(load_ids) > 1:
        more = " and more" if len(load_ids) > SHOWN else ""
        raise ReleaseError(
            f"Several loads begin with '{load}': {', '.join(load_ids[:SHOWN])}{more}. Give more of the id."
        )
    return load_ids[0]


def _commits(client: Client, load_id: str, keys: set[str]) -> list[_Commit]:
    """The objects of the load, of these keys only when there are any, each with its verdict."""
    rows = client.query(
        f"""
        select committed.load_id, committed.object_id, committed.key, committed.in_bucket, committed.at,
            judged.last_verdict, judged.last_at, judged.said
        from (
            select load_id, object_id, any(object_key) as key, any(bucket) as in_bucket, min(committed_at) as at
            from ops.load_commits
            where load_id = {{load_id:String}}
            group by load_id, object_id
        ) as committed
        left join (
            select object_id, {LAST_VERDICT} as last_verdict, max(judged_at) as last_at,
                argMax(reason, (verdict = '{RELEASE}', judged_at)) as said
            from (select object_id, verdict, reason, judged_at from ops.load_gates where load_id = {{load_id:String}})
            group by object_id
        ) as judged on judged.object_id = committed.object_id
        order by committed.key, committed.object_id
        """,
        parameters={"load_id": load_id},
    ).result_rows
    commits = [_Commit(*row) for row in rows]
    missing = keys - {commit.key for commit in commits}
    if missing:
        raise ReleaseError(
            f"Load {load_id} has no object '{min(missing)}'. Its objects begin with: "
            f"{', '.join(commit.key for commit in commits[:SHOWN])}."
        )
    return [commit for commit in commits if not keys or commit.key in keys]


def _facts(client: Client, commits: list[_Commit]) -> _Facts:
    revoked: dict[str, str] = {}
    elsewhere: dict[str, str] = {}
    later: dict[tuple[str, str], tuple[datetime, str, str]] = {}
    waiting = [commit for commit in commits if commit.verdict not in PUBLISHED or commit.verdict == RELEASE]
    for some in batched(waiting, MAX_IDS // 6):
        load_id, ids = some[0].load_id, [commit.object_id for commit in some]
        parameters = {"load_id": load_id, "object_ids": ids, "keys": sorted({commit.key for commit in some})}
        revoked |= dict(client.query(_REVOKED, parameters=parameters).result_rows)
        elsewhere |= dict(client.query(_PUBLISHED_ELSEWHERE, parameters=parameters).result_rows)
        later |= {tuple(row[:2]): row[2] for row in client.query(_LAST_VERSION, parameters=parameters).result_rows}
    return _Facts(revoked, elsewhere, later)


_REVOKED = """
    select object_id, concat(argMin(cause, revoked_at), ', ', argMin(reason, revoked_at))
    from ops.load_revocations
    where load_id = {load_id:String} and object_id in {object_ids:Array(String)}
    group by object_id
"""
_PUBLISHED_ELSEWHERE = f"""
    select object_id, min(load_id)
    from ops.load_commits
    where object_id in {{object_ids:Array(String)}} and load_id != {{load_id:String}}
        and (load_id, object_id) not in (
            select load_id, object_id from ops.load_revocations where object_id in {{object_ids:Array(String)}}
        )
        and (load_id, object_id) in (
            select load_id, object_id
            from ops.load_gates
            where object_id in {{object_ids:Array(String)}}
            group by load_id, object_id
            having {LAST_VERDICT} in {PUBLISHED}
        )
    group by object_id
"""
_LAST_VERSION = """
    select bucket, object_key, max((committed_at, load_id, object_id))
    from ops.standing_commits
    where object_key in {keys:Array(String)}
    group by bucket, object_key
"""


def _why_not(commit: _Commit, facts: _Facts) -> str:
    """What speaks against a release, in words; empty when the object is held and may be released."""
    if commit.object_id in facts.revoked:
        return f"this reading of it was revoked ({facts.revoked[commit.object_id]})"
    if commit.verdict == RELEASE:
        return f"released at {commit.judged_at:%Y-%m-%d %H:%M} UTC: {commit.said}"
    if commit.verdict in PUBLISHED:
        return "the gate let it through"
    if commit.object_id in facts.published_elsewhere:
        return f"another reading of it is published, by load {facts.published_elsewhere[commit.object_id]}"
    last = facts.later.get((commit.bucket, commit.key))
    if last and last[2] != commit.object_id and last[0] > commit.committed_at:
        return f"superseded: a later version of the key was delivered, see load {last[1]}"
    if commit.verdict != BLOCK:
        return "not judged yet: 'warehouse run' does it" if not commit.verdict else commit.said
    return ""


def _write(client: Client, load_id: str, commits: list[_Commit], reason: str) -> None:
    now = server_now(client)
    rows = [(load_id, commit.object_id, RELEASE, reason, now) for commit in commits]
    insert_rows(client, "load_gates", COLUMNS, rows)


def _nothing(load_id: str, commits: list[_Commit], refused: list[ReleaseRefusal]) -> str:
    """Why a release released nothing."""
    if not refused:
        count = f"all {len(commits):,} objects" if len(commits) > 1 else "its object"
        return f"The gate holds nothing of load {load_id}: {count} passed."
    by_reason: dict[str, list[str]] = defaultdict(list)
    for refusal in refused:
        by_reason[refusal.why].append(refusal.key)
    parts = [
        f"{keys[0]}{f' and {len(keys) - 1:,} more' if len(keys) > 1 else ''}: {why}" for why, keys in by_reason.items()
    ]
    more = f"; and {len(parts) - SHOWN:,} other reasons" if len(parts) > SHOWN else ""
    return f"Nothing of load {load_id} was released. {'; '.join(parts[:SHOWN])}{more}."
