"""What was delivered and is not published: objects that cannot be read, and objects that the gate holds.

An object is left out when a newer version of its key has been committed: its sender has corrected it.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import batched

from clickhouse_connect.driver.client import Client

from orchestration.loading.ledger.entries import MAX_IDS, Failure
from orchestration.loading.state.held import HeldCommit
from orchestration.loading.state.held import held_objects as held_commits


@dataclass(frozen=True)
class Unread:
    """An object that could not be read: parked, or waiting for its next try."""

    object_id: str
    bucket: str
    key: str
    code: str
    message: str
    is_permanent: bool
    """Trying again cannot help; it must be delivered again."""
    tries: int
    failed_at: datetime
    next_retry_at: datetime | None
    """None when it is never tried again by itself."""
    last_modified: datetime

    def as_failure(self) -> Failure:
        """What the rules of trying again look at."""
        return Failure(
            self.object_id,
            self.tries,
            self.is_permanent,
            self.code,
            self.message,
            self.failed_at,
            self.next_retry_at,
        )


@dataclass(frozen=True)
class FailedExpectation:
    """An expectation that a held object did not meet."""

    expectation: str
    """As Great Expectations calls it."""
    meaning: str
    """What was counted, in words."""
    found: int
    expected: str
    line_numbers: list[int]
    """The first five lines at fault, from 1; empty where no line is at fault by itself."""


@dataclass(frozen=True)
class HeldObject:
    """A committed object that readers do not see."""

    load_id: str
    object_id: str
    bucket: str
    key: str
    reason: str
    """Each expectation that failed, with what was found and what is allowed."""
    lines: int
    rejected: int
    """Of the lines, those that the load or staging refuses."""
    committed_at: datetime
    judged_at: datetime | None
    """None while the gate has not looked at it."""
    last_modified: datetime
    faults: list[FailedExpectation] = field(default_factory=list)
    """The same as the reason, one by one; empty when the gate failed, or has not looked at it."""


# The latest failure tells how often the object failed, and when it is tried again (see `failures`).
_FAILED = """
    select object_id, bucket, object_key, code, message, is_permanent, tries, failed_at, next_retry_at, last_modified
    from (
        select object_id, bucket, object_key, code, message, is_permanent, tries, failed_at, next_retry_at,
            last_modified
        from ops.object_failures
        order by object_id, failed_at desc, tries desc
        limit 1 by object_id
    )
    where object_id not in (
        select object_id from ops.standing_commits
        where object_id in (select object_id from ops.object_failures)
    )
    order by failed_at desc, object_key
"""

_COMMITTED = """
    select load_id, object_id, bucket, line_count, greatest(rejected_count, refused_count), committed_at, last_modified
    from ops.load_commits
    left join ops.object_refusals using (load_id, object_id)
    where object_id in {object_ids:Array(String)}
"""

_JUDGED = """
    select load_id, object_id, max(judged_at)
    from ops.load_gates
    where load_id in {load_ids:Array(String)} and object_id in {object_ids:Array(String)}
    group by load_id, object_id
"""

_FAULTS = """
    select load_id, object_id, expectation, meaning, found_count, expected, line_numbers
    from ops.gate_faults
    where load_id in {load_ids:Array(String)} and object_id in {object_ids:Array(String)}
        and (load_id, object_id, judged_at) in (
            select load_id, object_id, max(judged_at)
            from ops.gate_faults
            where load_id in {load_ids:Array(String)} and object_id in {object_ids:Array(String)}
            group by load_id, object_id
        )
    order by load_id, object_id, fact, expectation
"""

_NEWEST = """
    select bucket, object_key, max((last_modified, committed_at, object_id))
    from ops.standing_commits
    where (bucket, object_key) in ({paths})
    group by bucket, object_key
"""
_FAILED_PATHS = "select bucket, object_key from ops.object_failures"
_HELD_PATHS = "select bucket, object_key from ops.load_commits where object_id in {object_ids:Array(String)}"


def refused_lines(client: Client, load_ids: Sequence[str]) -> int:
    """How many lines of these loads were refused, by the gate's count."""
    counts = (
        client.query(
            "select sum(refused_count) from ops.object_refusals where load_id in {load_ids:Array(String)}",
            parameters={"load_ids": list(some)},
        ).result_rows[0][0]
        for some in batched(load_ids, MAX_IDS)
    )
    return sum(counts)


def unread_objects(client: Client, now: datetime) -> tuple[list[Unread], list[Unread]]:
    """(parked, waiting for the next try), the latest failure first. Whose next try has come is due, and in neither."""
    failed = [Unread(*row) for row in client.query(_FAILED).result_rows]
    newest = _newest_versions(client, _FAILED_PATHS)
    parked, waiting = [], []
    for unread in failed:
        committed = newest.get((unread.bucket, unread.key))
        if committed and committed[0] > unread.last_modified:
            continue
        failure = unread.as_failure()
        if failure.is_parked_at(now):
            parked.append(unread)
        elif failure.waits_at(now):
            waiting.append(unread)
    return parked, waiting


def held_objects(client: Client) -> list[HeldObject]:
    """Committed objects that the gate holds or has not judged, the latest commit first."""
    held = [held_object for some in batched(held_commits(client), MAX_IDS) for held_object in _with_facts(client, some)]
    return sorted(
        held, key=lambda held_object: (-held_object.committed_at.timestamp(), held_object.load_id, held_object.key)
    )


def _with_facts(client: Client, held: Sequence[HeldCommit]) -> list[HeldObject]:
    """The gate's words with what the ledger knows of the objects."""
    parameters = {
        "object_ids": [commit.object_id for commit in held],
        "load_ids": list({commit.load_id for commit in held}),
    }
    committed = {tuple(row[:2]): row[2:] for row in client.query(_COMMITTED, parameters=parameters).result_rows}
    judged = {tuple(row[:2]): row[2] for row in client.query(_JUDGED, parameters=parameters).result_rows}
    faults = defaultdict(list)
    for load_id, object_id, *fault in client.query(_FAULTS, parameters=parameters).result_rows:
        faults[load_id, object_id].append(FailedExpectation(*fault))
    newest = _newest_versions(client, _HELD_PATHS, parameters)
    objects = []
    for commit in held:
        pair = (commit.load_id, commit.object_id)
        if pair in committed:
            bucket, lines, rejected, committed_at, last_modified = committed[pair]
            # A commit that was revoked in between has no version left: it is due again, and no longer held.
            if newest.get((bucket, commit.key), (None, None, ""))[2] == commit.object_id:
                moments = (committed_at, judged.get(pair), last_modified)
                objects.append(
                    HeldObject(*pair, bucket, commit.key, commit.reason, lines, rejected, *moments, faults[pair])
                )
    return objects


def _newest_versions(client: Client, paths: str, parameters: dict | None = None) -> dict[tuple[str, str], tuple]:
    """(bucket, key) → (last_modified, committed_at, object_id) of the newest committed version, of these paths."""
    rows = client.query(_NEWEST.format(paths=paths), parameters=parameters).result_rows
    return {(bucket, key): newest for bucket, key, newest in rows}
