"""Every message is a line of the lake, once, under a key that says which; also after a crash between two steps."""

import gzip
import hashlib
import threading
import time
from pathlib import Path

import orjson
import psycopg
import pytest

from orchestration.realtime.archiver import Archiver, Range, line_of, source_of
from orchestration.realtime.kafka import producer
from orchestration.realtime.settings import STATEMENTS_TOPIC, RealtimeSettings
from orchestration.simulate.stream import Stream
from tests.orchestration.realtime.conftest import NOW

pytestmark = pytest.mark.kafka


class Folder:
    """A lake in memory that remembers each write, and may crash after one."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.rewritten: set[str] = set()
        self.crash_after = -1

    def upload(self, path: Path, key: str) -> None:
        content = path.read_bytes()
        if self.objects.get(key, content) != content:
            self.rewritten.add(key)
        self.objects[key] = content
        self.crash_after -= 1
        if self.crash_after == 0:
            raise ConnectionError("killed")


def send(settings: RealtimeSettings, values: list[tuple[bytes | None, dict]]) -> None:
    sending = producer(settings.kafka)
    for value, headers in values:
        sending.produce(STATEMENTS_TOPIC, value, b"key", headers=headers)
    assert sending.flush(20) == 0


def statements(count: int) -> list[bytes]:
    stream = Stream(rate=40, seconds=20)
    messages = [message.value for number in range(2 * count) for message in stream.messages(number, NOW)]
    return [value for value in messages if orjson_or_none(value)][:count]


def orjson_or_none(value: bytes):
    try:
        document = orjson.loads(value)
    except orjson.JSONDecodeError:
        return None
    return document if isinstance(document, dict) and "id" in document else None


def lines(lake: Folder) -> list[bytes]:
    return [line for key in sorted(lake.objects) for line in gzip.decompress(lake.objects[key]).splitlines()]


def ranges(connection: psycopg.Connection) -> tuple:
    return connection.execute(
        "select coalesce(sum(end_offset - start_offset), 0)::int, coalesce(sum(line_count), 0)::int, count(*)::int "
        "from realtime.archived_ranges where archived_at is not null"
    ).fetchone()


def test_every_message_is_a_line_of_its_source_and_refused_ones_lie_apart(settings, connection):
    good = statements(20)
    values = [(value, {"source": "web"}) for value in good[:12]] + [(value, {}) for value in good[12:]]
    send(settings, [*values, (b"{cut\noff", {"source": "web"}), (b"", {}), (good[0], {"lake_key": "events/x"})])
    lake = Folder()
    assert Archiver(settings, lake).archive_all(connection) == 23
    assert ranges(connection)[:2] == (23, 23)
    by_folder = {key.split("/")[1] + ("-refused" if "refused" in key else ""): key for key in lake.objects}
    assert sorted(by_folder) == ["stream", "stream-refused", "web", "web-refused"]
    assert sorted(lines(lake)) == sorted([*good, b"{cut off", b"null"])
    name = by_folder["web"].rpartition("/")[2]
    assert name.startswith(f"{STATEMENTS_TOPIC}-")
    assert name.endswith("-000000000000-000000000023.ndjson.gz")


def test_the_topics_id_makes_no_folder():
    key = Range("xz/1+5K8bZ", 1, 0, 23, "2026-01-05").key("web", is_refused=False)
    assert key == f"events/web/dt=2026-01-05/{STATEMENTS_TOPIC}-xz_1-5K8-1-000000000000-000000000023.ndjson.gz"


def test_nothing_new_writes_nothing_and_new_messages_write_their_range_only(settings, connection):
    good, lake = statements(6), Folder()
    archiver = Archiver(settings, lake)
    send(settings, [(value, {}) for value in good[:4]])
    assert [archiver.archive_all(connection) for _ in range(2)] == [4, 0]
    send(settings, [(value, {}) for value in good[4:]])
    assert archiver.archive_all(connection) == 2
    assert (sorted(lines(lake)), ranges(connection)) == (sorted(good), (6, 6, 2))


def test_a_topic_that_is_always_written_to_is_archived_in_turns(settings, connection):
    """A partition that never falls silent ends, and the others have their turn."""
    good, sending, is_over = statements(1)[0], producer(settings.kafka), threading.Event()

    def write() -> None:
        while not is_over.wait(0.02):
            for partition in range(settings.partitions):
                sending.produce(STATEMENTS_TOPIC, good, b"key", partition=partition)
            sending.poll(0)

    writing = threading.Thread(target=write)
    writing.start()
    archiver = Archiver(settings, Folder())
    deadline = time.monotonic() + 60
    rows: list[tuple[int]] = []
    while len(rows) < settings.partitions and time.monotonic() < deadline:
        archiver.archive_all(connection)
        rows = connection.execute("select distinct partition from realtime.archived_ranges").fetchall()
    is_over.set()
    writing.join()
    assert len(rows) == settings.partitions


@pytest.mark.parametrize("crash_after", [1, 2])
def test_a_crash_between_two_objects_writes_the_same_bytes_again(settings, connection, crash_after: int):
    """What the load has read of a key is never another, also when messages came meanwhile."""
    good, lake = statements(9), Folder()
    send(settings, [(value, {"source": f"s{number % 2}"}) for number, value in enumerate(good[:6])])
    lake.crash_after = crash_after
    with pytest.raises(ConnectionError):
        Archiver(settings, lake).archive_all(connection)
    send(settings, [(value, {}) for value in good[6:]])
    before = {key: hashlib.sha256(content).digest() for key, content in lake.objects.items()}
    Archiver(settings, lake).archive_all(connection)
    assert lake.rewritten == set()
    assert {key: hashlib.sha256(lake.objects[key]).digest() for key in before} == before
    assert (sorted(lines(lake)), ranges(connection)[:2]) == (sorted(good), (9, 9))


def test_a_message_is_one_line_whatever_is_in_it():
    assert line_of(b'{\r\n "a": 1\n}') == b'{   "a": 1 }'
    assert [line_of(value) for value in (None, b"", b"\n")] == [b"null"] * 3


@pytest.mark.parametrize(
    ("header", "source"), [(b"web", "web"), (None, "d"), (b"../x", "d"), (b"a/b", "d"), (b"\xff", "d"), ("app", "app")]
)
def test_a_header_names_no_place_outside_its_folder(header, source: str):
    assert source_of(header, "d") == source
