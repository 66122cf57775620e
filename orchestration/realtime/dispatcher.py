"""The dispatcher: actions of the outbox go to the platform's webhook, in order of age, until each is accepted.

The webhook may see an action twice (when its answer is lost); the header `Idempotency-Key` is the action's id, by which
it does each once. A platform that reads the outbox itself needs no dispatcher: see `outbox_reader`.
"""

import hashlib
import hmac
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import orjson
import psycopg
import urllib3
from psycopg.rows import dict_row

from orchestration.realtime.database import connect
from orchestration.realtime.settings import RealtimeSettings
from orchestration.realtime.sweep import close

logger = logging.getLogger(__name__)
CHANNEL = "platform_actions"
BATCH_ROWS = 64
POSTS_AT_ONCE = 8
POST_SECONDS = 10.0
POLL_SECONDS = 1.0
FIRST_RETRY_SECONDS = 0.5
LONGEST_RETRY_SECONDS = 300.0
DUE = """
select action_id, kind, learner, actor, course_id, activity_id, statement_id, registration, occurred_at, created_at,
    details, attempts
from realtime.platform_actions
where delivered_at is null and suppressed_because = '' and next_attempt_at <= clock_timestamp()
order by next_attempt_at
limit %s
for update skip locked
"""
DELIVERED = """
update realtime.platform_actions set delivered_at = clock_timestamp(), attempts = attempts + 1, last_error = ''
where action_id = any(%s)
"""
FAILED = """
update realtime.platform_actions
set attempts = attempts + 1, last_error = %s, next_attempt_at = clock_timestamp() + make_interval(secs => %s)
where action_id = %s
"""


class Webhook:
    """Where actions are posted, and the secret that signs them. Connections are kept."""

    def __init__(self, url: str, secret: str = "") -> None:
        self._url, self._secret = url, secret
        self._connections = urllib3.PoolManager(maxsize=POSTS_AT_ONCE, timeout=POST_SECONDS, retries=False)

    def post(self, action: dict[str, Any]) -> str:
        """Send an action; empty when it was accepted (any 2xx, or 409: it was done before), else what went wrong."""
        body = payload(action)
        headers = {"Content-Type": "application/json", "Idempotency-Key": action["action_id"]}
        if self._secret:
            headers["X-Warehouse-Signature"] = f"sha256={signature(self._secret, body)}"
        try:
            answer = self._connections.request("POST", self._url, body=body, headers=headers)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            return f"{type(error).__name__}: {error}"[:300]
        return "" if answer.status == 409 or 200 <= answer.status < 300 else f"HTTP {answer.status}"


def payload(action: dict[str, Any]) -> bytes:
    """The body of a post: the action's columns as JSON, times in ISO 8601."""
    return orjson.dumps({name: value for name, value in action.items() if name != "attempts"})


def signature(secret: str, body: bytes) -> str:
    """HMAC-SHA256 of the body, by which the platform knows that it comes from here."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def run_dispatcher(settings: RealtimeSettings) -> None:
    """Deliver until the process ends. A notification wakes it; else it looks every second."""
    webhook = Webhook(settings.webhook_url, settings.webhook_secret)
    listening: psycopg.Connection | None = None
    working: psycopg.Connection | None = None
    with ThreadPoolExecutor(POSTS_AT_ONCE) as pool:
        while True:
            try:
                listening = listening or _listen(settings.database_url)
                working = working or connect(settings.database_url, autocommit=True)
                while deliver_due(working, webhook, pool) == BATCH_ROWS:
                    pass
                for _ in listening.notifies(timeout=POLL_SECONDS, stop_after=1):
                    pass
            except psycopg.OperationalError as error:
                logger.warning("the database is away: %s", error)
                listening, working = close(listening), close(working)
                time.sleep(POLL_SECONDS)


def deliver_due(connection: psycopg.Connection, webhook: Webhook, pool: ThreadPoolExecutor) -> int:
    """Post what is due, and record what came of it; returns how many were tried."""
    with connection.transaction(), connection.cursor(row_factory=dict_row) as cursor:
        actions = cursor.execute(DUE, (BATCH_ROWS,)).fetchall()
        errors = list(pool.map(webhook.post, actions))
        done = [action["action_id"] for action, error in zip(actions, errors, strict=True) if not error]
        if done:
            cursor.execute(DELIVERED, (done,))
        for action, error in zip(actions, errors, strict=True):
            if error:
                cursor.execute(FAILED, (error, retry_seconds(action["attempts"]), action["action_id"]))
    return len(actions)


def retry_seconds(attempts: int) -> float:
    """How long to wait after so many failures: doubled each time, five minutes at most. There is no last try."""
    return min(FIRST_RETRY_SECONDS * 2 ** min(attempts, 20), LONGEST_RETRY_SECONDS)


def _listen(url: str) -> psycopg.Connection:
    connection = connect(url, autocommit=True)
    connection.execute(f"listen {CHANNEL}")
    return connection
