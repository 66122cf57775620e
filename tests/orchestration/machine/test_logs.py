"""Logs are cut, and their writers go on writing."""

from pathlib import Path

from orchestration.machine.logs import NewLines, keep_small


def test_a_long_log_is_moved_aside_while_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "services.log"
    with path.open("ab", buffering=0) as log:
        log.write(b"early\n" * 100)
        keep_small(path, largest=1000)
        assert path.read_bytes() == b"early\n" * 100
        log.write(b"more\n" * 100)
        keep_small(path, largest=1000)
        log.write(b"late\n")
    assert path.read_bytes() == b"late\n", "without a hole where the older lines were"
    assert (tmp_path / "services.log.1").read_bytes() == b"early\n" * 100 + b"more\n" * 100
    keep_small(tmp_path / "nothing.log", largest=1)


def test_new_lines_are_read_once(tmp_path: Path) -> None:
    log = tmp_path / "alerts.log"
    log.write_text("before\n")
    lines = NewLines(log)
    assert lines.read() == []
    with log.open("a") as file:
        file.write("first\nsecond\nha")
    assert lines.read() == ["first", "second"]
    with log.open("a") as file:
        file.write("lf\n")
    assert lines.read() == ["half"]
    log.write_text("begun again\n")
    assert lines.read() == ["begun again"]


def test_a_log_that_is_not_there_yet_has_no_lines(tmp_path: Path) -> None:
    lines = NewLines(tmp_path / "alerts.log")
    assert lines.read() == []
    (tmp_path / "alerts.log").write_text("first\n")
    assert lines.read() == ["first"]
