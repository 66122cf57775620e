"""The marts in the oracle's terms: whole milliseconds, floats, one dict per mart."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from clickhouse_connect.driver.client import Client

from tests.oracle.definitions import Line
from tests.oracle.events import EPOCH
from tests.oracle.progress import Place
from tests.oracle.retention import Enrolment

Rows = dict[tuple, dict[str, object]]


def plain(value: object) -> object:
    """Seconds and moments as milliseconds, everything else as it is."""
    if isinstance(value, Decimal):
        return int(value * 1000)
    if isinstance(value, datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=UTC)
        return (aware - EPOCH) // timedelta(milliseconds=1)
    return value


def lines_of(client: Client) -> list[Line]:
    """Every line that counts, as it came."""
    query = """
        select lines.source, toUnixTimestamp64Milli(lines.delivered_at), lines.line, statements.statement_id
        from raw.event_lines as lines
        left join staging.stg_xapi__statements as statements
            on statements.load_id = lines.load_id
            and statements.object_id = lines.object_id
            and statements.line_number = lines.line_number
        where (lines.load_id, lines.object_id) in (select load_id, object_id from ops.live_objects)
            and lines.reject = ''
    """
    return [Line(*row) for row in client.query(query).result_rows]


def rows_of(client: Client, mart: str, key: tuple[str, ...], columns: tuple[str, ...]) -> Rows:
    """A mart's columns by its key."""
    result_rows = client.query(f"select {', '.join((*key, *columns))} from marts.{mart}").result_rows
    split = len(key)
    rows = {
        tuple(plain(value) for value in row[:split]): dict(zip(columns, map(plain, row[split:]), strict=True))
        for row in result_rows
    }
    assert len(rows) == len(result_rows), f"{mart} has a key twice: of these rows only one would be compared"
    return rows


def verbs_of(client: Client) -> dict[str, str]:
    """Statement → verb of the content that counts."""
    return dict(client.query("select statement_id, verb from marts.fct_learning_events").result_rows)


def enrolments_of(client: Client) -> list[Enrolment]:
    query = "select learner_id, course_id, enrolled_at, acquisition_channel from marts.fct_enrolments"
    rows = client.query(f"{query} where enrolled_at is not null").result_rows
    return [Enrolment(learner, course, plain(at), channel) for learner, course, at, channel in rows]


def places_of(client: Client) -> dict[str, dict[str, Place]]:
    """Activity → course → where it lies there."""
    query = (
        "select activity_id, course_id, activity_type, module_id, parent_activity_id from marts.dim_course_activities"
    )
    places: defaultdict[str, dict[str, Place]] = defaultdict(dict)
    for activity, course, *place in client.query(query).result_rows:
        places[activity][course] = Place(*place)
    return places


def pairs_of(client: Client, mart: str, column: str, other: str) -> set[tuple[str, str]]:
    return set(client.query(f"select {column}, {other} from marts.{mart}").result_rows)


def learners_of(client: Client) -> tuple[dict[str, str], frozenset[str]]:
    """Each learner's channel, and who is left out of the aggregates."""
    query = "select learner_id, acquisition_channel, is_excluded from marts.dim_learners"
    rows = client.query(query).result_rows
    return {row[0]: row[1] for row in rows}, frozenset(row[0] for row in rows if row[2])
