"""A ledger as years of loading leave it: made-up rows beside those of what the lake really lists.

Made once per size by statements inside the engine, kept beside the ledger, and laid into it again by links to its files
(`attach partition … from`), so that sizes can be measured in turns: what disturbs the machine then disturbs all alike.
"""

from clickhouse_connect.driver.client import Client

from tests.benchmarks.stopwatch import BenchmarkError
from tests.benchmarks.workbench import merge_trees

LINES_PER_OBJECT = 1_000
OBJECTS_PER_LOAD = 50
OVERWRITTEN_ONCE_IN = 50
"""One object of so many replaced the one before it under its key."""
NOTED_ONCE_IN = 200
"""One object of so many was published with a note (`quarantine`)."""
LOST_ONCE_IN = 2_000
"""One commit of so many lost a race."""
FAILED_ONCE_IN = 1_000
"""One object of so many failed once before it was loaded."""

_OBJECTS = f"""
with
    now64(3, 'UTC') - toIntervalDay(365) as beginning,
    (365 * 86400000 - 3600000) / {{size:UInt64}} as step,
    intDiv(number, {OBJECTS_PER_LOAD}) as load_number,
    addMilliseconds(beginning, toInt64(number * step)) as modified,
    addMilliseconds(beginning, toInt64((load_number + 1) * {OBJECTS_PER_LOAD} * step)) as loaded,
    right(lower(hex(toUInt64(toUnixTimestamp64Milli(loaded)))), 12) as time_digits,
    lower(hex(sipHash128(load_number))) as chance,
    if(number % {OVERWRITTEN_ONCE_IN} = 1, number - 1, number) as key_number
select
    number,
    concat(
        left(time_digits, 8), '-', right(time_digits, 4), '-7', substring(chance, 1, 3), '-8', substring(chance, 4, 3),
        '-', substring(chance, 7, 12)
    ) as load_id,
    lower(hex(sipHash128(number, 'object'))) as object_id,
    ['lms', 'mobile', 'video', 'web'][key_number % 4 + 1] as source,
    concat(
        'events/', source, '/dt=', toString(toDate(addMilliseconds(beginning, toInt64(key_number * step)))),
        '/hour-', leftPad(toString(key_number % 24), 2, '0'), '-', leftPad(toString(key_number), 9, '0'), '.ndjson.gz'
    ) as object_key,
    {{bucket:String}} as bucket,
    lower(hex(sipHash128(number, 'etag'))) as etag,
    100000 + sipHash64(number) % 50000 as size_bytes,
    modified as last_modified,
    loaded as loaded_at
from numbers({{size:UInt64}})
"""

_DROP = "object_id, 'events' as kind, source, bucket, object_key, etag, size_bytes, last_modified"
_DROP_COLUMNS = "object_id, kind, source, bucket, object_key, etag, size_bytes, last_modified"
_FILL = {
    f"load_plan (load_id, {_DROP_COLUMNS}, planned_at)": f"load_id, {_DROP}, loaded_at - toIntervalSecond(20)",
    f"load_commits (load_id, {_DROP_COLUMNS}, line_count, rejected_count, line_bytes, checksum, committed_at)": (
        f"load_id, {_DROP}, {LINES_PER_OBJECT}, 0, {LINES_PER_OBJECT * 1_200}, sipHash64(number, 'lines'), loaded_at"
    ),
    "load_gates (load_id, object_id, verdict, reason, judged_at)": (
        f"load_id, object_id, if(number % {NOTED_ONCE_IN} = 7, 'quarantine', 'pass'), "
        f"if(number % {NOTED_ONCE_IN} = 7, 'missing_actor_count is 3, expected at most 0', ''), "
        "loaded_at + toIntervalSecond(2)"
    ),
    "object_profiles (load_id, object_id, line_count, rejected_count, profiled_at)": (
        f"load_id, object_id, {LINES_PER_OBJECT}, 0, loaded_at + toIntervalSecond(1)"
    ),
    f"object_failures (load_id, {_DROP_COLUMNS}, code, message, is_permanent, failed_at)": (
        f"load_id, {_DROP}, 'lake_error', 'The lake answered 503.', false, last_modified"
    ),
    "load_revocations (load_id, object_id, reason, revoked_at)": "load_id, object_id, 'lost', loaded_at",
}
"""Table and columns → what each made-up object puts there."""
_ONLY = {
    "object_failures": f"number % {FAILED_ONCE_IN} = 5",
    "load_revocations": f"number % {LOST_ONCE_IN} = 3",
}


class Histories:
    """Ledgers of several sizes over one and the same lake."""

    def __init__(self, client: Client, bucket: str) -> None:
        self._client = client
        self._bucket = bucket
        self._sizes: set[int] = set()
        self._tables = [table for _, table in merge_trees(client, ("ops",))]

    def keep(self, size: int) -> None:
        """Add that many objects to the ledger as it is now, and keep the result."""
        if size:
            self._add(size)
        for table in self._tables:
            self._client.command(f"optimize table ops.`{table}` final")
        self._client.command(f"create database {_database(size)}")
        for table in self._tables:
            self._client.command(f"create table {_database(size)}.`{table}` as ops.`{table}`")
            self._link(f"{_database(size)}.`{table}`", f"ops.`{table}`")
        self._sizes.add(size)

    def lay(self, size: int) -> None:
        """Make the ledger what was kept under this size."""
        if size not in self._sizes:
            raise BenchmarkError(f"No ledger of {size:,} rows was kept; there are {sorted(self._sizes)}.")
        for table in self._tables:
            self._client.command(f"truncate table ops.`{table}`")
            self._link(f"ops.`{table}`", f"{_database(size)}.`{table}`")

    def _add(self, size: int) -> None:
        made_up = "bench_objects"
        self._client.command(f"create database {made_up}")
        self._client.command(
            f"create table {made_up}.objects engine = MergeTree order by number as {_OBJECTS}",
            parameters={"size": size, "bucket": self._bucket},
        )
        for place, values in _FILL.items():
            condition = _ONLY.get(place.partition(" ")[0], "true")
            self._client.command(
                f"insert into ops.{place} select {values} from {made_up}.objects where {condition}",
                settings={"async_insert": 0},
            )
        self._client.command(f"drop database {made_up}")

    def _link(self, target: str, source: str) -> None:
        self._client.command(f"alter table {target} attach partition tuple() from {source}")


def _database(size: int) -> str:
    return f"bench_ledger_{size}"
