"""The bridge, for platforms that deliver drops only: the lines of new drops go to the topic, keyed by learner.

What a drop's cadence is, is then the delay of every action. A crash in the middle of a drop sends its lines again,
which changes nothing: actions have the ids that follow from their statements.
"""

import logging
import time
from collections.abc import Iterator

import orjson
import psycopg
from confluent_kafka import Producer

from orchestration.contract.identity import identity_of
from orchestration.loading.lake.objects import LakeObject, reason_to_ignore
from orchestration.realtime.archiver import BRIDGED_HEADER
from orchestration.realtime.catalogue_source import documents_of
from orchestration.realtime.database import connect
from orchestration.realtime.kafka import SOURCE_HEADER, ensure_topics, producer, send, wait_for_broker
from orchestration.realtime.settings import STATEMENTS_TOPIC, RealtimeSettings
from orchestration.resources.lake import S3Lake, connect_lake
from orchestration.settings import load_settings

logger = logging.getLogger(__name__)
LOOK_SECONDS = 5.0
FLUSH_SECONDS = 60.0
BEGUN = ("", "")
"""Stands for all that was in the lake when the first bridge began."""
ALL_DONE = "select object_key, etag from realtime.bridged_drops"
DONE = """
insert into realtime.bridged_drops (object_key, etag, line_count) values (%s, %s, %s) on conflict do nothing
"""


def run_bridge(settings: RealtimeSettings) -> None:
    """Send the lines of drops below the prefix, from now on, until the process ends."""
    wait_for_broker(settings.kafka)
    ensure_topics(settings)
    lake = connect_lake(load_settings())
    sending = producer(settings.kafka)
    with connect(settings.database_url, autocommit=True) as connection:
        pass_over_history(connection, lake, settings.bridge_prefix)
        while True:
            bridge_new(connection, lake, settings.bridge_prefix, sending)
            time.sleep(LOOK_SECONDS)


def pass_over_history(connection: psycopg.Connection, lake: S3Lake, prefix: str) -> None:
    """The first time, mark what is in the lake already as done: history is no reason to act."""
    if BEGUN in _done(connection):
        return
    with connection.transaction():
        for entry in _drops(lake, prefix):
            connection.execute(DONE, (entry.key, entry.etag, 0))
        connection.execute(DONE, (*BEGUN, 0))


def bridge_new(connection: psycopg.Connection, lake: S3Lake, prefix: str, sending: Producer) -> int:
    """Send the lines of drops that were not sent; returns how many lines."""
    total, done = 0, _done(connection)
    for entry in _drops(lake, prefix):
        if (entry.key, entry.etag) not in done:
            count = _send(lake, entry, sending)
            connection.execute(DONE, (entry.key, entry.etag, count))
            total += count
    return total


def key_of(document: dict) -> bytes:
    """The learner, by whom messages are kept in order. What names none comes to one place, and is refused there."""
    try:
        return identity_of(document["actor"]).encode()
    except (KeyError, TypeError, AttributeError):
        return b""


def _done(connection: psycopg.Connection) -> set[tuple[str, str]]:
    return set(connection.execute(ALL_DONE).fetchall())


def _drops(lake: S3Lake, prefix: str) -> Iterator[LakeObject]:
    """Drops of events, but for those that the archiver wrote."""
    for entry in lake.list_objects(prefix):
        if STATEMENTS_TOPIC not in entry.key and not reason_to_ignore(entry.key):
            yield entry


def _send(lake: S3Lake, entry: LakeObject, sending: Producer) -> int:
    headers = [(SOURCE_HEADER, entry.key.split("/")[1].encode()), (BRIDGED_HEADER, entry.key.encode())]
    count = 0
    for document in documents_of(lake, entry.key, "events"):
        send(sending, STATEMENTS_TOPIC, orjson.dumps(document), key_of(document), headers)
        count += 1
    if sending.flush(FLUSH_SECONDS):
        raise TimeoutError(f"The broker did not take the lines of {entry.key} within {FLUSH_SECONDS:.0f} s.")
    return count
