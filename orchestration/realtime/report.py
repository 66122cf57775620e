"""What the path tells the warehouse: its state each minute, and a document per day with its actions and rules.

Learners are under the warehouse's pseudonyms, so that the documents name no person. Both are written by the archiver,
which has access to all three: broker, database and lake.
"""

import hashlib
import hmac
import tempfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import psycopg
from psycopg.rows import dict_row

from orchestration.checks.realtime_parity import ACTIONS_KEY, STATUS_KEY
from orchestration.realtime.rule_book import RuleBook
from orchestration.realtime.settings import RealtimeSettings
from orchestration.realtime.status import read_status
from orchestration.resources.lake import S3Lake

STATUS_SECONDS = 60.0
ACTIONS_SECONDS = 3600.0
ACTIONS = """
select kind, learner, course_id, activity_id, statement_id, occurred_at, created_at, suppressed_because
from realtime.platform_actions
where kind in ('unlock', 'remediate') and occurred_at >= %s and occurred_at < %s
order by created_at
"""
SOURCES = """
select distinct split_part(object_key, '/', 2)
from realtime.archived_ranges, jsonb_object_keys(objects) as object_key
where object_key like 'events/%%'
"""


def write_status(settings: RealtimeSettings, connection: psycopg.Connection, lake: S3Lake) -> None:
    """Replace the state in the lake by the present one."""
    document = read_status(settings, connection).as_document() | {"written_at": datetime.now(UTC)}
    _upload(lake, STATUS_KEY, document)


def write_actions(connection: psycopg.Connection, lake: S3Lake, book: RuleBook, key: str, now: datetime) -> None:
    """Replace the documents of yesterday and today."""
    for day in (now.date() - timedelta(days=1), now.date()):
        _upload(lake, ACTIONS_KEY.format(day=day), actions_document(connection, book, key, day))


def actions_document(connection: psycopg.Connection, book: RuleBook, key: str, day: date) -> dict[str, Any]:
    """The actions of statements of that day (UTC), and the rules that they followed."""
    start = datetime.combine(day, datetime.min.time(), tzinfo=UTC)
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(ACTIONS, (start, start + timedelta(days=1))).fetchall()
        sources = [row["split_part"] for row in cursor.execute(SOURCES).fetchall()]
    for row in rows:
        row["learner_id"] = pseudonym(row.pop("learner"), key)
    return {"day": str(day), "sources": sources, "rules": book.as_document(), "actions": rows}


def pseudonym(learner: str, key: str) -> str:
    """As `macros/keys/learner_key.sql`."""
    return hmac.new(key.encode(), learner.encode(), hashlib.sha256).hexdigest()[:32]


def _upload(lake: S3Lake, key: str, document: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "document.json"
        path.write_bytes(orjson.dumps(document, option=orjson.OPT_NON_STR_KEYS))
        lake.upload(path, key)
