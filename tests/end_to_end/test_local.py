"""From the demo and files to marts and back again, on the embedded services, through the command line alone.

The tests of this file share one home and follow one another: each says what a user would see next.
"""

import gzip
import os
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from orchestration.machine.locks import is_locked
from orchestration.simulate.truth import Truth
from tests.end_to_end.conftest import DAYS, LEARNERS, Answer, CommandLine, processes_of, wait_for

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

# Marts whose rows are compared, and which column tells that a row is of a careless sender.
MARTS = {
    "fct_learning_events": "learner_id",
    "fct_sessions": "learner_id",
    "fct_watch_intervals": "learner_id",
    "fct_attempts": "learner_id",
    "dim_learners": "learner_id",
    "dim_activities": "activity_id",
}


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    return CommandLine(tmp_path_factory.mktemp("local") / "home")


@pytest.fixture(scope="module")
def bad_files(simulation: tuple[Path, Truth], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """What senders get wrong, by name."""
    folder = tmp_path_factory.mktemp("bad")
    good = gzip.decompress(next(iter(sorted(simulation[0].glob("events/web/*/*.gz")))).read_bytes()).splitlines()[:50]
    statement = b'{"id":"7a9ab6cc-9d5c-4a13-8f6e-1d41d4b9f001","actor":{"mbox":"mailto:one@example.org"},'
    statement += (
        b'"verb":{"id":"http://adlnet.gov/expapi/verbs/experienced"},"object":{"id":"https://example.org/page"},'
    )
    many = [
        statement.replace(b"f001", b"%04x" % number) + b'"timestamp":"2025-09-10T10:%02d:00Z"}' % (number % 60)
        for number in range(99)
    ]
    contents = {
        "rubbish.ndjson": b"this is\nno statement\nat all\n" * 20,
        "empty.ndjson": b"",
        "truncated.ndjson.gz": gzip.compress(b"\n".join(good) + b"\n")[:-20],
        "one_bad_line.ndjson": b"\n".join([*many[:40], b'{"cut off', *many[40:]]) + b"\n",
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return {name.partition(".")[0]: folder / name for name in contents}


@pytest.fixture(scope="module")
def demo(warehouse: CommandLine) -> Answer:
    """The demo in small: its drops are in the lake and in the marts."""
    return warehouse("demo", "--learners", str(LEARNERS), "--days", str(DAYS), expect=None)


@pytest.fixture(scope="module")
def before(warehouse: CommandLine, demo: Answer) -> list[dict]:
    """Checksums of the marts that the demo built."""
    with warehouse.services():
        return checksums(warehouse)


@pytest.fixture(scope="module")
def known_files(simulation: tuple[Path, Truth]) -> list[Path]:
    """Files of the demo, to be put again: the marts stay as they are. On these days no line is refused."""
    return [simulation[0] / f"events/web/dt={day}/part-000.ndjson.gz" for day in ("2025-09-12", "2025-09-16")]


@pytest.fixture(scope="module")
def killed_runs(warehouse: CommandLine, before: list[dict], known_files: list[Path]) -> None:
    """The job in the middle of a build, as by a system out of memory; then the command itself, with all it runs."""
    with warehouse.services():
        warehouse.here("put", str(known_files[0]), "--source", "web")
    run = warehouse.start("run", "--job", "near_real_time")
    wait_for(
        lambda: any(("/dbt-warm build" in line or "/dbt build" in line) for line in processes_of(warehouse.home)),
        120,
        run,
    )
    os.kill(int(next((warehouse.home / "runs").iterdir()).read_text()), signal.SIGKILL)
    out, err = run.communicate(timeout=60)
    assert run.returncode == 1, out + err
    run = warehouse.start("run", "--job", "near_real_time")
    wait_for(lambda: any(is_locked(path) for path in (warehouse.home / "runs").glob("*.lock")), 120, run)
    run.kill()
    run.communicate()


@pytest.fixture(scope="module")
def first_run(warehouse: CommandLine, killed_runs: None, known_files: list[Path], bad_files: dict[str, Path]) -> Answer:
    """Bad drops delivered and a good one, one pass made: the first after the demo that nothing killed."""
    with warehouse.services():
        warehouse.here("put", str(known_files[1]), "--source", "web")
        warehouse.here("put", *(str(path) for path in bad_files.values()), "--source", "careless")
    return warehouse("run", expect=3)


@pytest.fixture(scope="module")
def kept_up(warehouse: CommandLine, first_run: Answer) -> Iterator[ExitStack]:
    """The services after the first run, which stay up until this is closed: most of what follows only asks them."""
    with ExitStack() as stack:
        stack.enter_context(warehouse.services())
        yield stack


@pytest.fixture(scope="module")
def state(warehouse: CommandLine, kept_up: ExitStack) -> dict:
    return warehouse.status()


def checksums(warehouse: CommandLine) -> list[dict]:
    """One hash per mart over the rows of careful senders, whatever their order; of the rows as text, for a hash of a
    NULL is NULL."""
    row_hash = "toString(sum(sipHash64(formatRow('TSV', *))))"
    parts = [
        f"select '{mart}' as mart, {row_hash} as hash from marts.{mart} where {column} not in "
        f"(select {column} from marts.fct_learning_events where source = 'careless')"
        for mart, column in MARTS.items()
    ]
    return warehouse.rows(f"select mart, hash from ({' union all '.join(parts)}) order by mart")


def test_the_demo_counts_every_event_that_it_delivered(
    warehouse: CommandLine, demo: Answer, simulation: tuple[Path, Truth]
):
    """Its drops lie in old folders, where a single look of the sensor finds the catalogue only."""
    with warehouse.services():
        events = warehouse.rows("select count() as events from marts.fct_learning_events")
        state = warehouse.status()
    assert events == [{"events": simulation[1].counts.events}], demo
    assert (state["due"], state["live"]) == (0, state["listed"])


def test_a_run_with_bad_drops_says_so(first_run: Answer):
    assert "1 held by the gate; 1 parked" in first_run.out
    assert "2 delivered objects are not published (1 held by the gate, 1 parked)" in first_run.out
    assert "rubbish" in first_run.err
    assert "truncated" in first_run.err


def test_runs_that_were_killed_are_made_up_for_and_a_file_put_again_changes_nothing(
    warehouse: CommandLine, before: list[dict], first_run: Answer, kept_up: ExitStack
):
    # The job that lost its command has had time to end in order, or it is told of now; none is left behind.
    assert first_run.err.count("was killed; it is now marked as failed.") <= 1
    assert list((warehouse.home / "runs").iterdir()) == []
    # Not the file that a killed run had loaded.
    assert "nightly: loaded 4 objects " in first_run.out
    assert "Everything delivered is published" not in first_run.out
    assert checksums(warehouse) == before


def test_a_second_run_says_within_seconds_that_nothing_is_new(warehouse: CommandLine, first_run: Answer):
    started = time.monotonic()
    again = warehouse("run", expect=3)
    assert time.monotonic() - started < 20
    assert "Nothing new since nightly built the marts" in again.out
    assert "2 delivered objects are not published (1 held by the gate, 1 parked)" in again.out


def test_nor_has_the_other_job_anything_to_do(warehouse: CommandLine, kept_up: ExitStack):
    assert "Nothing new since nightly" in warehouse.here("run", "--job", "near_real_time", expect=3).out


def test_the_good_data_is_in_the_marts(warehouse: CommandLine, kept_up: ExitStack, simulation: tuple[Path, Truth]):
    [row] = warehouse.rows(
        "select countIf(source != 'careless') as simulated, countIf(source = 'careless') as careless, "
        "uniqExactIf(learner_id, source != 'careless') as learners from marts.fct_learning_events"
    )
    counts = simulation[1].counts
    assert row == {"simulated": counts.events, "careless": 99, "learners": counts.learners_active}


def test_the_equation_adds_up(state: dict):
    assert state["adds_up"]
    assert (state["held"], state["parked"], state["due"]) == (1, 1, 0)


def test_rubbish_is_held_by_the_gate(state: dict):
    [held] = state["held_objects"]
    assert "/rubbish-" in held["key"]
    assert held["reason"]


def test_a_truncated_file_is_parked(state: dict):
    [parked] = state["parked_objects"]
    assert "/truncated-" in parked["key"]
    assert parked["code"] == "unreadable"
    assert parked["message"]


def test_an_empty_file_is_live_with_no_lines(warehouse: CommandLine, kept_up: ExitStack):
    [live] = warehouse.rows("select line_count from ops.live_objects where object_key like '%/empty-%'")
    assert live == {"line_count": 0}


def test_one_bad_line_costs_one_line(warehouse: CommandLine, state: dict, simulation: tuple[Path, Truth]):
    [live] = warehouse.rows(
        "select line_count, rejected_count from ops.live_objects where object_key like '%/one_bad%'"
    )
    assert live == {"line_count": 100, "rejected_count": 1}
    counts = simulation[1].counts
    assert state["lines_rejected"] == counts.rejected_lines + counts.quarantined_statements + 1


def test_the_gate_refuses_what_staging_refuses(warehouse: CommandLine, state: dict):
    """The gate renders staging's models before dbt builds them: both must say the same of every live line."""
    rows = warehouse.rows("select reason, count() as lines from marts.fct_quarantined_lines group by reason")
    assert {row["reason"]: row["lines"] for row in rows} == state["rejected_by_reason"]


def test_status_for_a_person_names_what_needs_one(warehouse: CommandLine, kept_up: ExitStack):
    shown = warehouse.here("status").out
    assert "objects listed" in shown
    assert "unreadable" in shown
    assert "rubbish" in shown
    assert "nightly" in shown


def test_sql_as_csv_and_as_a_table(warehouse: CommandLine, kept_up: ExitStack):
    statement = "select count() > 0 as has_rows from marts.fct_sessions"
    assert warehouse.here("sql", statement, "--format", "csv").out == '"has_rows"\n1\n'
    assert "has_rows" in warehouse("sql", statement).out


def test_sql_reads_only_unless_told_otherwise(warehouse: CommandLine, kept_up: ExitStack):
    assert "--write" in warehouse.here("sql", "create table default.a (x Int8) engine = Memory", expect=1).err
    hidden = warehouse.here("sql", "with 1 as x insert into ops.keys select 'a', 'b', now()", expect=1)
    assert "READONLY" in hidden.err
    warehouse.here("sql", "create table default.a (x Int8) engine = MergeTree order by x", "--write")
    assert warehouse.rows("select count() as count from default.a") == [{"count": 0}]


def test_an_error_of_clickhouse_is_one_line(warehouse: CommandLine, kept_up: ExitStack):
    failed = warehouse("sql", "select nope from marts.fct_sessions", expect=1)
    assert failed.err.startswith("Error: ClickHouse refused: Code: 47.")
    assert failed.err.count("\n") == 1


def test_all_files_of_the_home_are_for_the_owner_only(warehouse: CommandLine, first_run: Answer):
    files = [path for path in [warehouse.home, *warehouse.home.rglob("*")] if not path.is_symlink()]
    assert len(files) > 100
    assert [path for path in files if path.lstat().st_mode & 0o077] == []


def test_the_brief_says_what_the_marts_say(warehouse: CommandLine, kept_up: ExitStack, tmp_path: Path):
    page = tmp_path / "brief.html"
    assert warehouse.here("report", "--out", str(page)).out.strip() == str(page)
    html = page.read_text()
    [reach] = warehouse.rows("select event_count from marts.agg_data_watermark where source = 'all'")
    [lines] = warehouse.rows("select sum(line_count) as lines from marts.agg_source_health")
    assert f"{int(reach['event_count']):,} events are behind them" in html
    assert f"{int(lines['lines']):,}" in html
    assert "rubbish-" in html, "a held file is named"


def test_a_question_in_words_is_answered(warehouse: CommandLine, kept_up: ExitStack):
    answer = warehouse.here("ask", "which files are held by the gate?")
    assert "rubbish-" in answer.out
    assert "from marts.fct_drops" in answer.out
    unknown = warehouse.here("ask", "what is the weather in Paris?", expect=1)
    assert "which videos lose the most learners?" in unknown.out


def test_an_empty_warehouse_says_how_to_get_answers(empty: CommandLine):
    with empty.services():
        assert "warehouse run" in empty.here("report", expect=1).err
        assert "not built yet" in empty.here("ask", "how fresh are the data?", expect=1).err


def test_nothing_is_left_running(warehouse: CommandLine, kept_up: ExitStack):
    kept_up.close()
    assert not (warehouse.home / "services.json").exists()
