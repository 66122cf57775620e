"""What is counted of a load before it is judged: one row per object, in ClickHouse, in two passes over its lines.

One pass asks staging's own verdict on each line (`staging`), the other for the fields that an event should carry.

`profile_load` writes ops.object_profiles; `facts_query` is the query asset the suites look at: the profile joined
with the ledger. Only counts leave ClickHouse, never a line and never who did something.
"""

from functools import cache
from uuid import UUID

from clickhouse_connect.driver.client import Client

from orchestration.contract.vocabulary import required_verbs, verb_names
from orchestration.drop_kinds import has_statements
from orchestration.expectations.asked_fields import asked_fields, parsed_as, texts
from orchestration.expectations.limits import limits
from orchestration.expectations.staging import judged_lines
from orchestration.expectations.thresholds import thresholds

_COMMITTED = "select distinct load_id, object_id from ops.load_commits where load_id = {load_id:String}"
READ_SETTINGS = {
    # Short-circuiting evaluates the parsed line again for each count: 4.2 s instead of 0.5 s for 207,000 lines.
    "short_circuit_function_evaluation": "disable",
    # Blocks of 32 MiB instead of 1: 15 % less CPU, as in stg_xapi__statements.
    "preferred_block_size_bytes": 33554432,
    # The model of staging alone takes half of the engine's default.
    "max_query_size": 2097152,
}

SMALL_BLOCKS = "max_block_size = 8192"
"""For lines beside all their fields: 250,000 lines took 1 GB of the 1.4 that a query may take, and more at times; now
0.4. Not for staging's verdict, whose long query is twice as slow in small blocks."""


@cache
def counted(kind: str) -> dict[str, str]:
    """Column of ops.object_profiles → when a line that staging accepts counts there; on the columns of staging."""
    if not has_statements(kind):
        return {}
    late_hours = thresholds().late_hours
    return {
        # The clock of a device that was never set.
        "implausible_timestamp_count": "occurred_at < toDateTime64('2000-01-01 00:00:00', 3, 'UTC')",
        # What happened before the source's first delivery is its history: no numbers of that time have been seen yet.
        "late_count": f"occurred_at >= {_FIRST_DELIVERIES}[toString(source)] "
        f"and occurred_at < delivered_at - toIntervalHour({late_hours})",
    }


_FIRST_DELIVERIES = """(
                select mapFromArrays(groupArray(sending_source), groupArray(first_at))
                from (
                    select toString(source) as sending_source, min(last_modified) as first_at
                    from ops.load_commits
                    where kind = 'events'
                    group by sending_source
                )
            )"""


def parsed_lines(kind: str, table: str, condition: str) -> str:
    """The lines with `fact`, all that the conditions on fields read, and `verb`, our name of it, empty for one that we
    do not know; one parse for all (eight separate reads halve the speed)."""
    fields = ""
    if asked_fields(kind):
        names = verb_names()
        paths = {("verb", "id"), ("object", "definition", "type")}
        paths |= {path for field in asked_fields(kind) for path in field.paths}
        fields = f""",
            JSONExtract(line, '{parsed_as(sorted(paths))}') as fact,
            transform(fact.verb.id, {texts(names)}, {texts(names.values())}, '') as verb"""
    return f"select object_id, line_number, reject, line{fields} from {table} where {condition} settings {SMALL_BLOCKS}"


def profile_load(client: Client, load_id: str, kind: str, table: str) -> None:
    """Count the load's objects into ops.object_profiles. An object without lines gets no row: its counts are 0."""
    judged = judged_lines(kind, _COMMITTED)
    of_lines, of_fields = _counts_of_verdicts(kind), _counts_of_fields(kind)
    columns = ["line_count", "rejected_count", *of_lines, *of_fields]
    client.command(
        f"""
        insert into ops.object_profiles (load_id, object_id, {", ".join(columns)}, profiled_at)
        select {{load_id:String}}, object_id, {", ".join(columns)}, now64(3, 'UTC')
        from (
            select object_id, count() as line_count, countIf(reject != '') as rejected_count{_selected(of_fields)}
            from ({parsed_lines(kind, table, "load_id = {load_id:String} and object_id != ''")})
            group by object_id
        ) as delivered
        left join (
            select object_id{_selected(of_lines)}
            from ({judged.sql})
            group by object_id
        ) as judged using (object_id)
        """,
        parameters={"load_id": load_id},
        settings={"async_insert": 0, **READ_SETTINGS},
    )


def _selected(columns: dict[str, str]) -> str:
    return "".join(f", {expression} as {column}" for column, expression in columns.items())


def _counts_of_verdicts(kind: str) -> dict[str, str]:
    """Column of a profile → its count over the lines as staging judges them."""
    accepted = "quarantine_reason = ''"
    refused = "sumMapIf(map(toString(quarantine_reason), toUInt64(1)), quarantine_reason != '')"
    counts = {"refused_counts": refused}
    counts |= {column: f"countIf({accepted} and {condition})" for column, condition in counted(kind).items()}
    if has_statements(kind):
        names = verb_names()
        verbs = f"groupUniqArrayIf(transform(verb_iri, {texts(names)}, {texts(names.values())}, ''), {accepted})"
        # Eight bytes an id: of a million ids two share a hash once in 37 million loads.
        counts["duplicate_count"] = f"countIf({accepted}) - uniqExactIf(statement_key, {accepted})"
        counts["missing_verbs"] = f"arrayFilter(name -> not has({verbs}, name), {_required_verbs()})"
    return counts


def _counts_of_fields(kind: str) -> dict[str, str]:
    """Column of a profile → by field that the gate asks for, the lines that should carry it, and those that do not."""
    asked = asked_fields(kind)
    if not asked:
        return {}
    applicable = (f"'{field.name}', countIf(reject = '' and {field.applies})" for field in asked)
    missing = (f"'{field.name}', countIf(reject = '' and {field.is_missing})" for field in asked)
    return {"applicable_counts": f"map({', '.join(applicable)})", "missing_counts": f"map({', '.join(missing)})"}


def _required_verbs() -> str:
    """The verbs that the object's source must send."""
    required = required_verbs()
    if not required:
        return "emptyArrayString()"
    by_source = ", ".join(f"{texts([source])}[1], {texts(verbs)}" for source, verbs in required.items())
    return f"map({by_source})[any(toString(source))]"


def facts_query(load_id: str, kind: str) -> str:
    """The query asset: one row per object of the load that counts in the ledger, on immutable rows only."""
    load = str(UUID(load_id))
    columns = ",\n                ".join(column for limit in limits(kind) for column in limit.facts)
    profiled = ["line_count", *_counts_of_verdicts(kind), *_counts_of_fields(kind)]
    columns += ", arrayStringConcat(missing_verbs, ', ') as missing_verb_names" if has_statements(kind) else ""
    return f"""
        select object_id, refused_counts, {columns}
        from (
            select
                committed.object_id as object_id,
                committed.ledger_line_count as ledger_line_count,
                {", ".join(f"profile.profiled_{column} as {column}" for column in profiled)}
            from (
                -- Not `distinct`, which reads the whole ledger in its order instead of the projection by load.
                select object_id, any(line_count) as ledger_line_count
                from ops.load_commits
                where load_id = '{load}'
                    and (load_id, object_id) not in (
                        select load_id, object_id from ops.load_revocations where load_id = '{load}'
                    )
                group by object_id
            ) as committed
            left join (
                select object_id, {", ".join(f"{column} as profiled_{column}" for column in profiled)}
                from ops.object_profiles
                where load_id = '{load}'
                order by object_id, profiled_at desc
                limit 1 by object_id
            ) as profile on profile.object_id = committed.object_id
        )
    """
