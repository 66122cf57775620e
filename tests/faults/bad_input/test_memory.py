"""Objects made to exhaust the engine: it stays under its limit, and a neighbour of theirs is still loaded."""

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import pytest

from orchestration.embedded.engine_config import ENGINE_MEMORY_BYTES

PREFIX = "events/memory/"


def member(text: bytes, times: int) -> bytes:
    """A gzip file that repeats one member: as cheap to make as it is to send."""
    return gzip.compress(text, 6) * times


MIB = 1 << 20
STATEMENT = b'{"id":"' + b"x" * 1000 + b'"},'
BOMBS = {
    "no_newline.ndjson.gz": member(b"0" * 64 * MIB, 40),
    "open_string.json.gz": gzip.compress(b'{"a":"') + member(b"0" * 64 * MIB, 40),
    "open_array.json.gz": gzip.compress(b'{"a":[') + member(b'"x",' * 16 * MIB, 40),
}
ONE_LINE = gzip.compress(b"[") + member(STATEMENT * 32_000, 20) + gzip.compress(b"{}]")
"""An array of 640,001 statements, 645 MB in one line: too much for a line, not for its elements."""


@contextmanager
def peak_memory(pid: int) -> Iterator[list[int]]:
    """How far the memory of the process grows during the block, as the only element of a list.

    The engine's limit is on what it allocates; the pages of its program (300 MB and more) come on top.
    """
    process, peak, is_over = psutil.Process(pid), [0], threading.Event()
    at_rest = process.memory_info().rss

    def watch() -> None:
        while not is_over.wait(0.01):
            peak[0] = max(peak[0], process.memory_info().rss - at_rest)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield peak
    finally:
        is_over.set()
        watcher.join()


@pytest.fixture(scope="module")
def loaded(services, put, load_prefix, statement) -> tuple[int, dict[str, str]]:
    """(growth of the engine's memory, codes of what failed)."""
    for name, body in BOMBS.items():
        put(PREFIX + name, body)
    put(PREFIX + "one_line.json.gz", ONE_LINE)
    put(PREFIX + "neighbour.ndjson", [statement(1)])
    with peak_memory(services.pid) as peak:
        report = load_prefix(PREFIX)
    return peak[0], {failure.drop.key.removeprefix(PREFIX): failure.code for failure in report.failed + report.parked}


def test_the_engine_stays_under_its_limit(loaded) -> None:
    assert loaded[0] < ENGINE_MEMORY_BYTES


def test_each_bomb_fails_alone(loaded) -> None:
    assert loaded[1] == dict.fromkeys(BOMBS, "too_much_memory")


def test_a_neighbour_is_loaded(loaded, warehouse) -> None:
    assert stored(warehouse, "neighbour.ndjson") == [("lines", 1, 1, [""])]


def test_an_array_too_large_for_one_line_is_read_element_by_element(loaded, warehouse) -> None:
    assert stored(warehouse, "one_line.json.gz") == [("document", 640_001, 2, [""])]


def stored(warehouse, name: str) -> list[tuple]:
    """(form, rows, different lines, reasons) of the published object."""
    return warehouse.query(
        """
        select (select any(form) from ops.load_commits where object_key = {key:String}),
            count(), uniqExact(line), groupUniqArray(reject)
        from raw.event_lines
        where object_key = {key:String} and (load_id, object_id) in (select load_id, object_id from ops.live_objects)
        """,
        parameters={"key": PREFIX + name},
    ).result_rows
