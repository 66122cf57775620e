"""`warehouse realtime status`: how far the stream is, what waits, and since when."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import orjson

from orchestration.commands.display import output
from orchestration.commands.errors import CommandError
from orchestration.commands.realtime.context import ask_for_extra, plain_errors, running_settings

if TYPE_CHECKING:
    from orchestration.realtime.status import RealtimeStatus


def show_realtime_status(as_json: bool) -> int:
    """Print the state; 0."""
    ask_for_extra()
    from confluent_kafka import KafkaException

    from orchestration.realtime.database import connect
    from orchestration.realtime.kafka import wait_for_broker
    from orchestration.realtime.settings import load_realtime_settings
    from orchestration.realtime.status import read_status

    settings = running_settings(load_realtime_settings())
    with plain_errors():
        wait_for_broker(settings.kafka, 5.0)
        with connect(settings.database_url) as connection:
            try:
                status = read_status(settings, connection)
            except KafkaException as error:
                raise CommandError(f"The broker does not answer: {error.args[0].str()}.") from error
    if as_json:
        output().print(orjson.dumps(status.as_document(), option=orjson.OPT_NON_STR_KEYS).decode(), soft_wrap=True)
    else:
        _show(status)
    return 0


def _show(status: "RealtimeStatus") -> None:
    now = datetime.now(UTC)
    behind = ", ".join(f"partition {number}: {count:,}" for number, count in status.lag.items() if count)
    lines = [
        ("Consumed", f"{status.consumed_count:,} statements{_last(status.last_consumed_at, now)}"),
        ("Lag", f"{status.total_lag:,}{f' ({behind})' if behind else ''}"),
        ("Refused", f"{status.refused_count:,}{', on xapi.rejected.v1 with reasons' if status.refused_count else ''}"),
        ("Sessions", ", ".join(f"{count:,} {name}" for name, count in sorted(status.sessions.items())) or "none"),
        ("Actions", f"{status.action_count:,}{_last(status.last_action_at, now)}"),
        ("Delivered", f"{status.delivered_count:,}; suppressed as late {status.suppressed_count:,}"),
        ("Waiting", _waiting(status, now)),
        ("Archived", f"{status.archived_line_count:,} lines of {status.archived_offset_count:,} offsets"),
    ]
    if status.unfinished_range_count:
        lines.append(("Unfinished", f"{status.unfinished_range_count:,} ranges are planned and not yet written"))
    for name, value in lines:
        output().print(f"{name:<12}{value}", markup=False, soft_wrap=True)


def _waiting(status: "RealtimeStatus", now: datetime) -> str:
    if not status.undelivered_count:
        return "nothing"
    error = f"; the platform answered: {status.last_error}" if status.last_error else ""
    return f"{status.undelivered_count:,}, the oldest {_ago(status.oldest_undelivered_at, now)}{error}"


def _last(moment: datetime | None, now: datetime) -> str:
    return f", the last {_ago(moment, now)}" if moment else ""


def _ago(moment: datetime, now: datetime) -> str:
    seconds = max(0, round((now - moment).total_seconds()))
    if seconds < 120:
        return f"{seconds} s ago"
    return f"{seconds // 60} min ago" if seconds < 7200 else f"{seconds // 3600} h ago"
