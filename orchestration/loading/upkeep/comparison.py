"""What must look at everything: raw against the ledger, and the ledger against the whole listing of the lake.

It runs within a load of everything, at most every COMPARE_EVERY, because it costs a pass over the ledger and the key
columns of raw. Damaged commits are revoked before the load lists the lake, so that the same load reads their objects
again. What was found stays in ops.reconcile_findings, where the asset checks and `warehouse status` read it.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import batched, islice

from clickhouse_connect.driver.client import Client

from orchestration.loading.lake.objects import Drop, Lake, LakeObject, object_id
from orchestration.loading.ledger.entries import failures, insert_rows, server_now
from orchestration.loading.state.history import CLOSED, ReconcileFinding, last_reconcile
from orchestration.loading.upkeep.reconcile import Damage, find_damages, repair

COMPARE_EVERY = timedelta(hours=12)
"""Less than the day between two nights, more than the time between two loads that a person starts by hand."""
KEPT_FINDINGS = 100
"""Rows kept of each finding; the counts are of all. A lake that expires its objects has a million `missing_in_lake`."""
IDS_PER_QUERY = 1_000

_COLUMNS = ("checked_at", "finding", "object_key", "object_id", "load_id", "detail")


class ListedLake:
    """The lake, remembering what its listing named; hashes only, 160 MB for a million objects."""

    def __init__(self, lake: Lake) -> None:
        self._lake = lake
        self._keys: set[int] = set()
        self._object_ids: set[int] = set()
        self.bucket = lake.bucket
        self.head_object = lake.head_object
        self.read_chunks = lake.read_chunks

    def __getattr__(self, name: str):
        return getattr(self._lake, name)

    def list_objects(self, prefix: str, start_after: str = "") -> Iterator[LakeObject]:
        for entry in self._lake.list_objects(prefix, start_after):
            self._keys.add(hash(entry.key))
            self._object_ids.add(hash(object_id(self.bucket, entry)))
            yield entry

    @property
    def listed_count(self) -> int:
        return len(self._object_ids)

    def has_key(self, key: str) -> bool:
        return hash(key) in self._keys

    def has_object(self, object_id: str) -> bool:
        return hash(object_id) in self._object_ids


@dataclass
class LakeComparison:
    """One comparison at work."""

    client: Client
    lake: ListedLake
    checked_at: datetime
    last_checked_at: datetime | None
    damages: list[Damage] = field(default_factory=list)
    revoked: list[Damage] = field(default_factory=list)
    unseen: list[ReconcileFinding] = field(default_factory=list)


def begin_comparison(client: Client, lake: Lake) -> LakeComparison | None:
    """Compare raw with the ledger and revoke what is damaged; None when the last comparison is recent."""
    checked_at, last = server_now(client), last_reconcile(client)
    if last and checked_at - last.checked_at < COMPARE_EVERY:
        return None
    comparison = LakeComparison(client, ListedLake(lake), checked_at, last.checked_at if last else None)
    comparison.damages = find_damages(client, checked_at)
    comparison.revoked = repair(client, lake, comparison.damages)
    return comparison


def note_unseen(comparison: LakeComparison, ready: Iterable[Drop]) -> None:
    """Keep, before they are loaded, the due objects that the lake says it had when it was compared last."""
    last = comparison.last_checked_at
    old = (drop for drop in ready if last and drop.last_modified < last)
    comparison.unseen = [
        ReconcileFinding(
            "never_seen",
            drop.key,
            drop.object_id,
            "",
            f"modified at {drop.last_modified:%Y-%m-%d %H:%M:%S}, before the comparison of {last:%Y-%m-%d %H:%M}",
        )
        for drop in _never_tried(comparison.client, old)
    ]


def end_comparison(comparison: LakeComparison) -> dict[str, int]:
    """Compare the ledger with the listing that the load has made, and record what was found; returns the counts."""
    revoked = {(damage.load_id, damage.object_id) for damage in comparison.revoked}
    damaged = (
        ReconcileFinding(
            "damaged", damage.key, damage.object_id, damage.load_id, f"{damage.detail}; {_what_became(damage, revoked)}"
        )
        for damage in comparison.damages
    )
    rows, counts = [], {}
    by_name = {
        "damaged": damaged,
        "missing_in_lake": _missing_in_lake(comparison),
        "never_seen": iter(comparison.unseen),
    }
    for name, findings in by_name.items():
        kept = list(islice(findings, KEPT_FINDINGS))
        counts[name] = len(kept) + sum(1 for _ in findings)
        rows += [[comparison.checked_at, *vars(finding).values()] for finding in kept]
    counts["objects"] = comparison.lake.listed_count
    rows.append([comparison.checked_at, CLOSED, "", "", "", json.dumps(counts)])
    insert_rows(comparison.client, "reconcile_findings", _COLUMNS, rows)
    return counts


def _what_became(damage: Damage, revoked: set[tuple[str, str]]) -> str:
    if (damage.load_id, damage.object_id) not in revoked:
        return "kept as it is, because the lake no longer has the object: deliver it again"
    return "revoked, and loaded again" if damage.is_live else "revoked, it was not read"


def _missing_in_lake(comparison: LakeComparison) -> Iterator[ReconcileFinding]:
    """Live objects whose key the lake no longer lists. They stay live: an expired object was delivered before."""
    query = """
        select object_key, object_id, load_id
        from ops.live_objects
        where bucket = {bucket:String} and committed_at < {checked_at:DateTime64(3)}
        order by object_key
    """
    parameters = {"bucket": comparison.lake.bucket, "checked_at": comparison.checked_at}
    with comparison.client.query_rows_stream(query, parameters=parameters) as rows:
        for key, object_id, load_id in rows:
            if not comparison.lake.has_key(key):
                yield ReconcileFinding("missing_in_lake", key, object_id, load_id, "live, and no longer listed")


def _never_tried(client: Client, drops: Iterable[Drop]) -> Iterator[Drop]:
    for some in batched(drops, IDS_PER_QUERY):
        ids = [drop.object_id for drop in some]
        known = set(failures(client, ids))
        known |= {
            row[0]
            for row in client.query(
                "select distinct object_id from ops.load_commits where object_id in {object_ids:Array(String)}",
                parameters={"object_ids": ids},
            ).result_rows
        }
        yield from (drop for drop in some if drop.object_id not in known)
