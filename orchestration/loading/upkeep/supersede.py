"""The lake decides which version of a key is live, also where the times of the versions lie.

Of two published versions of a key the one modified later is live. That is wrong when the lake's clock was set back,
when an older file was restored with its time, or when A became B and A again within one second: then an old commit is
in the way of the version that the lake holds. Such commits are revoked; nothing has to be read again.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from itertools import batched

from clickhouse_connect.driver.client import Client

from orchestration.loading.lake.objects import Lake, LakeObject
from orchestration.loading.lake.scope import Scope
from orchestration.loading.lake.versions import is_version
from orchestration.loading.ledger.entries import insert_rows, server_now
from orchestration.loading.ledger.revoke import revoke
from orchestration.loading.ledger.verdicts import (
    BLOCK,
    COLUMNS,
    LAST_VERDICT,
    MAX_REASON,
    PUBLISHED,
    SUPERSEDED,
)

KEYS_PER_QUERY = 500
"""Keys are parameters of a query, and ClickHouse takes 128 KiB of one."""


_HELD_BESIDE_OTHERS = f"""
    with
        blocked as (
            select load_id, object_id, argMax(reason, judged_at) as held_for
            from ops.load_gates
            where load_id in (select load_id from ops.load_gates where verdict = '{BLOCK}')
            group by load_id, object_id
            having {LAST_VERDICT} = '{BLOCK}'
        ),
        committed as (
            select load_id, object_id, any(bucket) as in_bucket, any(object_key) as key
            from ops.standing_commits
            where object_id in (select object_id from blocked)
            group by load_id, object_id
        )
    select committed.load_id, committed.object_id, committed.in_bucket, committed.key, blocked.held_for
    from committed
    inner join blocked on blocked.load_id = committed.load_id and blocked.object_id = committed.object_id
    where committed.key in (
        select object_key
        from ops.load_commits
        where object_key in (select key from committed)
        group by object_key
        having min(object_id) != max(object_id)
    )
    order by committed.load_id, committed.object_id
"""
"""Held commits of keys that were delivered in several versions; few, and found by their verdict."""


@dataclass(frozen=True)
class _Commit:
    key: str
    object_id: str
    load_id: str
    etag: str
    size_bytes: int
    last_modified: datetime
    committed_at: datetime
    is_published: bool


def close_corrected(client: Client) -> int:
    """Record of held objects that a version of their key which arrived later is published; returns how many.

    They no longer wait for a decision. What counts is the order of arrival: the lake's times may lie, and it holds one
    version of a key at a time.
    """
    by_bucket: dict[str, dict[str, list[tuple[str, str, str]]]] = defaultdict(lambda: defaultdict(list))
    for load_id, object_id, bucket, key, held_for in client.query(_HELD_BESIDE_OTHERS).result_rows:
        by_bucket[bucket][key].append((load_id, object_id, held_for))
    judged_at = server_now(client)
    rows = []
    for bucket, held in by_bucket.items():
        for keys in batched(held, KEYS_PER_QUERY):
            commits = _commits_of(client, bucket, list(keys))
            for load_id, object_id, held_for in (commit_held for key in keys for commit_held in held[key]):
                later = _published_later(commits, load_id, object_id)
                if later:
                    reason = f"A later version of the key is published, by load {later}. This one was held: {held_for}"
                    rows.append((load_id, object_id, SUPERSEDED, reason[:MAX_REASON], judged_at))
    insert_rows(client, "load_gates", COLUMNS, rows)
    return len(rows)


def _published_later(commits: list[_Commit], load_id: str, object_id: str) -> str:
    """The load of the first other version that was committed after this commit and let through; empty: none."""
    held = next((commit for commit in commits if (commit.load_id, commit.object_id) == (load_id, object_id)), None)
    if held is None:
        return ""
    later = [
        (commit.committed_at, commit.load_id)
        for commit in commits
        if commit.key == held.key
        and commit.object_id != object_id
        and commit.is_published
        and commit.committed_at > held.committed_at
    ]
    return min(later)[1] if later else ""


def revoke_overtaken(
    client: Client, lake: Lake, scope: Scope, is_listed: Callable[[str], bool] | None = None
) -> list[str]:
    """Revoke what hides the listed version of a key, and return these keys.

    `is_listed` tells of an object_id whether the listing has it, and spares the HEAD of keys in order. Only commits
    from before the look at the lake are revoked: a newer one may be of a version that arrived since.
    """
    before = server_now(client)
    keys, in_the_way = [], []
    for key, commits in _contested(client, lake.bucket, scope).items():
        live = _newest(commits)
        if live is None or (is_listed and is_listed(live.object_id)):
            continue
        entry = lake.head_object(key)
        hiding = _hiding(commits, entry, before) if entry else []
        if hiding:
            keys.append(key)
            in_the_way += hiding
    reason = "The lake lists another version of the key, which is committed and published."
    revoke(client, in_the_way, "overwritten", reason)
    return keys


def _hiding(commits: list[_Commit], entry: LakeObject, before: datetime) -> list[tuple[str, str]]:
    """Commits of the versions that outrank the one that the lake holds, if that one is published."""
    ranked = _ranked(commits)
    held_by_lake = next((position for position, commit in enumerate(ranked) if is_version(commit, entry)), None)
    if not held_by_lake:
        return []
    outranking = {commit.object_id for commit in ranked[:held_by_lake]}
    return [
        (commit.load_id, commit.object_id)
        for commit in commits
        if commit.object_id in outranking and commit.committed_at < before
    ]


def _ranked(commits: list[_Commit]) -> list[_Commit]:
    """The published versions, the live one first; the same order as in ops.live_objects."""
    first: dict[str, _Commit] = {}
    for commit in sorted(commits, key=lambda commit: (commit.committed_at, commit.load_id)):
        if commit.is_published:
            first.setdefault(commit.object_id, commit)
    by_id = sorted(first.values(), key=lambda commit: commit.object_id)
    return sorted(by_id, key=lambda commit: (commit.last_modified, commit.committed_at), reverse=True)


def _newest(commits: list[_Commit]) -> _Commit | None:
    return next(iter(_ranked(commits)), None)


def _contested(client: Client, bucket: str, scope: Scope) -> dict[str, list[_Commit]]:
    """The commits of keys in the scope that have more than one version."""
    # One condition per prefix: each becomes a range of the projection by key. Within an array they would not.
    prefixes = {f"prefix_{number}": prefix for number, prefix in enumerate(scope.prefixes)}
    is_in_scope = " or ".join(f"startsWith(object_key, {{{name}:String}})" for name in prefixes) or "false"
    keys = client.query(
        f"""
        select object_key
        from ops.standing_commits
        where bucket = {{bucket:String}} and ({is_in_scope})
        group by object_key
        having min(object_id) != max(object_id)
        """,
        parameters={"bucket": bucket, **prefixes},
    ).result_columns
    by_key: dict[str, list[_Commit]] = defaultdict(list)
    for start in range(0, len(keys[0]) if keys else 0, KEYS_PER_QUERY):
        for commit in _commits_of(client, bucket, keys[0][start : start + KEYS_PER_QUERY]):
            by_key[commit.key].append(commit)
    return by_key


def _commits_of(client: Client, bucket: str, keys: list[str]) -> list[_Commit]:
    commits = client.query(
        """
        select distinct object_key, object_id, load_id, etag, size_bytes, last_modified, committed_at
        from ops.standing_commits
        where bucket = {bucket:String} and object_key in {keys:Array(String)}
        """,
        parameters={"bucket": bucket, "keys": list(keys)},
    ).result_rows
    verdicts = client.query(
        f"""
        select load_id, object_id
        from ops.load_gates
        where load_id in {{load_ids:Array(String)}} and object_id in {{object_ids:Array(String)}}
        group by load_id, object_id
        having {LAST_VERDICT} in {PUBLISHED}
        """,
        parameters={"load_ids": sorted({row[2] for row in commits}), "object_ids": sorted({row[1] for row in commits})},
    ).result_rows
    published = {(load_id, object_id) for load_id, object_id in verdicts}
    return [_Commit(*row, is_published=(row[2], row[1]) in published) for row in commits]
