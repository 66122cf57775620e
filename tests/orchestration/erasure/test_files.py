"""Files of a home lose a person: by line, by text, or as a whole; what is none of these is shown."""

import gzip
import sqlite3
from pathlib import Path

import pytest

from orchestration.erasure.files import clean, files_with
from orchestration.erasure.person import person_of

PERSON = person_of("anna@example.org", "key")
PATTERN = PERSON.pattern()
(LEARNER_ID,) = PERSON.learner_ids


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for folder in ("logs/runs", "data_docs", "dagster", "notes", "clickhouse", "lake"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "logs/runs/a.log").write_text(f"good\nbad ANNA@example.org\nworse {LEARNER_ID}\nfine\n")
    (tmp_path / "data_docs/page.html").write_bytes(gzip.compress(b"<p>anna@example.org</p>"))
    (tmp_path / "notes/mine.txt").write_text("anna@example.org")
    (tmp_path / "clickhouse/data.bin").write_text("anna@example.org")
    with sqlite3.connect(tmp_path / "dagster/runs.db") as database:
        database.execute("create table events (id integer primary key, body text, raw blob)")
        rows = [("{'who': 'anna@example.org', 'n': 1}", b"x"), ("fine", b"..anna@example.org.."), ("fine", b"y")]
        database.executemany("insert into events (body, raw) values (?, ?)", rows)
    return tmp_path


def test_each_kind_of_file_is_cleaned_in_its_way(home: Path) -> None:
    result = clean(home, PATTERN)
    assert (sorted(result.cleaned), result.removed, result.left) == (
        ["dagster/runs.db", "logs/runs/a.log"],
        ["data_docs/page.html"],
        ["notes/mine.txt"],
    )
    assert (home / "logs/runs/a.log").read_text() == "good\nfine\n"
    with sqlite3.connect(home / "dagster/runs.db") as database:
        rows = database.execute("select body, raw from events order by id").fetchall()
    assert rows == [("{'who': '(erased)', 'n': 1}", b"x"), ("fine", b""), ("fine", b"y")]
    left = [str(path.relative_to(home)) for path in files_with(home, PATTERN)]
    assert left == ["clickhouse/data.bin", "notes/mine.txt"], "the engine's files have a step of their own"
