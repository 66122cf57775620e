"""Where every object stands: what the ledger says of each, set against what the lake lists.

Both sides can be millions of objects. Object ids and keys are therefore compared by 8 bytes of their MD5, in arrays:
33 bytes per object instead of some 400 in Python's sets. Two different keys among a million meet with a chance of 1 in
40 million, and the answer is for a person to read: nothing is loaded or deleted by it.
"""

import hashlib
from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from clickhouse_connect.driver.client import Client

from orchestration.loading.lake.objects import RAW_TABLES, LakeObject, object_id, reason_to_ignore
from orchestration.loading.ledger.verdicts import IS_PUBLISHED, SUPERSEDED

if TYPE_CHECKING:
    import numpy

COMMITTED_STATES = ("live", "superseded", "held")
"""What a committed object can be: readers see it; another version of its key is live, and this one was let through or
was held until then; the gate holds it or has not judged it yet."""

_SHORT = "reinterpretAsUInt64(substring(MD5({}), 1, 8))"
# One row per committed object. Pairs are looked up by a hash: sets of a million pairs of texts take twice the time.
_STATES = f"""
    select
        id,
        any(key) as key,
        multiIf(max(is_live), 0, max(is_passed), 1, 2) as state,
        argMax(pair, is_live) as pair,
        argMax(each.line_count, is_live) as line_count,
        argMax(each.rejected_count, is_live) as rejected_count,
        argMax(each.size_bytes, is_live) as stored_bytes,
        argMax(each.line_bytes, is_live) as text_bytes
    from (
        select
            {_SHORT.format("object_id")} as id,
            {_SHORT.format("concat(bucket, '/', object_key)")} as key,
            cityHash64(load_id, object_id) as pair,
            line_count,
            rejected_count,
            size_bytes,
            line_bytes,
            pair in (select cityHash64(load_id, object_id) from ops.live_objects) as is_live,
            pair in (
                select cityHash64(load_id, object_id) from ops.current_verdicts
                where {IS_PUBLISHED} or verdict = '{SUPERSEDED}'
            ) as is_passed
        from ops.load_commits
        where pair not in (select cityHash64(load_id, object_id) from ops.load_revocations)
    ) as each
    group by id
"""
_ROW = [
    ("id", "<u8"),
    ("key", "<u8"),
    ("state", "u1"),
    ("pair", "<u8"),
    ("line_count", "<u8"),
    ("rejected_count", "<u8"),
    ("stored_bytes", "<u8"),
    ("text_bytes", "<u8"),
]


@dataclass
class Totals:
    """Objects of one state and the lines read from them."""

    state: str
    objects: int = 0
    lines: int = 0
    accepted: int = 0
    rejected: int = 0
    """By the load or by staging."""
    stored_bytes: int = 0
    """As they lie in the lake."""
    line_bytes: int = 0
    """Of the lines, decompressed."""


@dataclass(frozen=True)
class ObjectStates:
    """The ledger's committed objects: columns with one row per object, by id, and their totals by state."""

    ids: "numpy.ndarray"
    keys: "numpy.ndarray"
    states: "numpy.ndarray"
    pairs: "numpy.ndarray"
    """cityHash64 of load_id and object_id, of the commit that is live if one is."""
    totals: list[Totals]

    def states_of(self, ids: "numpy.ndarray") -> "numpy.ndarray":
        """Position in COMMITTED_STATES of each of these objects; -1 for one that is not committed."""
        import numpy

        states = numpy.full(len(ids), -1)
        is_known = is_among(ids, self.ids)
        states[is_known] = self.states[numpy.searchsorted(self.ids, ids[is_known])]
        return states

    def with_live_version(self, paths: Iterable[str]) -> set[str]:
        """Those of these bucket/keys of which readers see some version."""
        wanted = {short(path): path for path in paths}
        live = self.keys[self.states == 0]
        return {wanted[key] for key in live[is_among(live, list(wanted))].tolist()}


@dataclass
class Listing:
    """What the lake listed, as short ids and keys of its drops."""

    ids: array = field(default_factory=lambda: array("Q"))
    keys: array = field(default_factory=lambda: array("Q"))
    ignored: Counter = field(default_factory=Counter)

    @property
    def count(self) -> int:
        return len(self.ids) + self.ignored.total()


def short(text: str) -> int:
    """The same 8 bytes of a text as `_SHORT` takes in ClickHouse."""
    return int.from_bytes(hashlib.md5(text.encode(), usedforsecurity=False).digest()[:8], "little")


def is_among(values: "numpy.ndarray", pool: "Sequence[int] | numpy.ndarray") -> "numpy.ndarray":
    """For each value whether the pool has it. numpy's isin took 1.3 s of CPU with a million on one side, this 0.1 s."""
    import numpy

    pool = numpy.sort(numpy.array(pool, dtype=numpy.uint64))
    if not len(pool):
        return numpy.zeros(len(values), dtype=bool)
    return pool[numpy.minimum(numpy.searchsorted(pool, values), len(pool) - 1)] == values


def count_object_states(client: Client) -> ObjectStates:
    """Read the ledger once."""
    import numpy

    with client.query_np_stream(_STATES) as stream:
        # A block that is empty, or has columns of one type only, would not come as rows with named fields.
        blocks = [numpy.empty(0, dtype=_ROW), *(block for block in stream if len(block))]
    rows = numpy.concatenate(blocks)
    rows = rows[numpy.argsort(rows["id"])]
    rows["rejected_count"] = numpy.maximum(rows["rejected_count"], _refused_counts(client, rows["pair"]))
    totals = [_totals(name, rows[rows["state"] == number]) for number, name in enumerate(COMMITTED_STATES)]
    return ObjectStates(rows["id"].copy(), rows["key"].copy(), rows["state"].copy(), rows["pair"].copy(), totals)


def _refused_counts(client: Client, pairs: "numpy.ndarray") -> "numpy.ndarray":
    """The refused lines of each of these commits, by the gate's count; 0 where it counted none."""
    import numpy

    rows = client.query(
        "select cityHash64(load_id, object_id) as pair, refused_count from ops.object_refusals order by pair"
    ).result_columns
    counts = numpy.zeros(len(pairs), dtype=numpy.uint64)
    if rows:
        refused, numbers = (numpy.array(column, dtype=numpy.uint64) for column in rows)
        is_refused = is_among(pairs, refused)
        counts[is_refused] = numbers[numpy.searchsorted(refused, pairs[is_refused])]
    return counts


def _totals(state: str, rows: "numpy.ndarray") -> Totals:
    lines, rejected, stored, text = (
        int(rows[name].sum()) for name in ("line_count", "rejected_count", "stored_bytes", "text_bytes")
    )
    return Totals(state, len(rows), lines, lines - rejected, rejected, stored, text)


def take_listing(bucket: str, entries: Iterable[LakeObject]) -> Listing:
    """Go through the lake's listing once."""
    listing = Listing()
    for entry in entries:
        reason = reason_to_ignore(entry.key)
        if reason:
            listing.ignored[reason] += 1
        else:
            listing.ids.append(short(object_id(bucket, entry)))
            listing.keys.append(short(f"{bucket}/{entry.key}"))
    return listing


def rejected_by_reason(client: Client, object_states: ObjectStates) -> dict[str, int]:
    """Why lines of live objects were rejected, the most frequent reason first: by the load, and by staging.

    Raw and the gate answer for all attempts, and `object_states` says which are live: asking the view
    again takes seconds.
    The gate counts what the load rejected as well, but not in profiles of earlier versions.
    """
    by_object = " union all ".join(
        f"select reject, cityHash64(load_id, object_id) as pair, count() as line_count from {table} "
        "where reject != '' group by reject, pair"
        for table in RAW_TABLES.values()
    )
    by_gate = (
        "select counts.1 as reject, cityHash64(load_id, object_id) as pair, counts.2 as line_count "
        "from (select load_id, object_id, arrayJoin(CAST(refused_by_reason, 'Array(Tuple(String, UInt64))')) as counts "
        "from ops.object_refusals)"
    )
    counts = _live_counts(client, object_states, by_object) | _live_counts(client, object_states, by_gate)
    return {reason: number for reason, number in counts.most_common() if number}


def _live_counts(client: Client, object_states: ObjectStates, query: str) -> Counter:
    """Lines of live objects by reason, of a query for `reject`, `pair` and `line_count`."""
    import numpy

    rows = client.query(
        f"select reject, groupArray(pair), groupArray(line_count) from ({query}) group by reject"
    ).result_rows
    live = object_states.pairs[object_states.states == 0]
    return Counter(
        {
            reason: int(numpy.array(lines)[is_among(numpy.array(pairs, dtype=numpy.uint64), live)].sum())
            for reason, pairs, lines in rows
        }
    )


@dataclass(frozen=True)
class Unlisted:
    """Live objects that the lake does not list, as short ids."""

    gone: list[int]
    """Nothing is listed under their key any more."""
    overwritten: list[int]
    """Another version of their key is listed, and is not live: held, parked, or due."""


def unlisted(object_states: ObjectStates, listing: Listing) -> Unlisted:
    """Live objects without a listing entry of their own."""
    is_live = object_states.states == 0
    ids, keys = object_states.ids[is_live], object_states.keys[is_live]
    is_unlisted = ~is_among(ids, listing.ids)
    has_key = is_among(keys, listing.keys)
    return Unlisted(ids[is_unlisted & ~has_key].tolist(), ids[is_unlisted & has_key].tolist())


def keys_of(client: Client, ids: list[int]) -> list[str]:
    """The keys behind short ids of committed objects."""
    if not ids:
        return []
    rows = client.query(
        f"select distinct object_key from ops.load_commits where {_SHORT.format('object_id')} in {{ids:Array(UInt64)}} "
        "order by object_key",
        parameters={"ids": ids},
    ).result_rows
    return [row[0] for row in rows]
