"""An example of a platform that reads the outbox itself, instead of a webhook.

    python -m orchestration.realtime.outbox_reader postgresql://platform:…@host/db

Copy it into the platform, and put what an action means there into `act`. It runs within the transaction that marks the
action as delivered: what it writes to the same database happens exactly once.
"""

import sys
from collections.abc import Callable

import psycopg
from psycopg.rows import dict_row

NEXT = """
select action_id, kind, actor, course_id, activity_id, occurred_at, details
from realtime.platform_actions
where delivered_at is null and suppressed_because = ''
order by created_at
limit 100
for update skip locked
"""
DONE = "update realtime.platform_actions set delivered_at = clock_timestamp() where action_id = %s"


def act(action: dict) -> None:
    """What the platform does: open a module, offer help, save and pause."""
    print(action["kind"], action["actor"], action["activity_id"], flush=True)


def read_outbox(url: str, act: Callable[[dict], None] = act, wait_seconds: float = 5.0, rounds: int | None = None):
    """Act on all that is due, then wait for a notification, `rounds` times or for ever."""
    with psycopg.connect(url, autocommit=True) as waiting, psycopg.connect(url, autocommit=True) as working:
        waiting.execute("listen platform_actions")
        while rounds is None or rounds > 0:
            rounds = rounds if rounds is None else rounds - 1
            with working.transaction(), working.cursor(row_factory=dict_row) as cursor:
                for action in cursor.execute(NEXT).fetchall():
                    act(action)
                    cursor.execute(DONE, (action["action_id"],))
            for _ in waiting.notifies(timeout=wait_seconds, stop_after=1):
                pass


if __name__ == "__main__":
    read_outbox(sys.argv[1])
