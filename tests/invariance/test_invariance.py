"""The first promise: the same statements give the same marts, to the last digit, however they arrive.

Naive incremental models break it at once: a play and its pause in two inserts are two halves of nothing, an overwritten
file leaves its rows behind, and what came late is counted to the day it came.
"""

import gzip
import itertools
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client

from orchestration.settings import Settings
from orchestration.simulate.simulator import simulate
from tests.dbt_project.snapshots import marts
from tests.invariance.adversarial import RUNS, Case, draw_cases
from tests.invariance.deliveries import MOST_DROPS, Line, at_once, by_time, delivery
from tests.invariance.laboratory import DELIVERY_MARTS, MODELS, Laboratory, profile
from tests.invariance.planted import listed_changes, listed_items, listed_learners, planted
from tests.oracle.agreement import EVERY, known_as, learner_ids
from tests.oracle.events import is_statement
from tests.oracle.marts import lines_of, verbs_of
from tests.oracle.oracle import Account, account

pytestmark = [pytest.mark.slow, pytest.mark.timeout(4 * 3600)]

LEARNERS, DAYS, SEED = 60, 21, 4
CASES = 200
MANY_DELIVERIES = 60


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each delivery is a test of its own: a long run shows how far it is, and what it found before it was stopped."""
    if "delivery_seed" in metafunc.fixturenames:
        count = metafunc.config.getoption("--deliveries") or MANY_DELIVERIES
        metafunc.parametrize("delivery_seed", range(2, count + 2))


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    return draw_cases(CASES)


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("simulated")
    simulate(folder, LEARNERS, DAYS, SEED)
    return folder


@pytest.fixture(scope="module")
def lines(cases: list[Case], simulated: Path) -> list[Line]:
    """Every line of the simulated programme that is a statement, and the awkward cases.

    Lines that are none are left out: the gate holds a small drop with many of them, as it should.
    """
    kept: list[Line] = []
    for path in sorted((simulated / "events").glob("*/dt=*/*.ndjson.gz")):
        texts = gzip.decompress(path.read_bytes()).decode(errors="replace").splitlines()
        kept += [(path.parts[-3], text) for text in texts if is_statement(text) and "\ufffd" not in text]
    return [*kept, *itertools.chain.from_iterable(case.lines for case in cases), *planted()]


@pytest.fixture(scope="module")
def laboratory(
    warehouse: Client,
    settings: Settings,
    lines: list[Line],
    simulated: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Laboratory]:
    """Holds one full build of all lines in one drop as the reference; tells at its end what it went through."""
    fixed = tmp_path_factory.mktemp("fixed")
    lists = {"catalog": listed_items(), "learners": listed_learners(CASES), "changes": listed_changes()}
    for kind, items in lists.items():
        (simulated / kind).rename(fixed / kind)
        (fixed / kind / "cases.ndjson").write_text("".join(json.dumps(item) + "\n" for item in items))
    made = Laboratory(warehouse, settings, fixed)
    made.deliver(at_once(lines))
    made.keep()
    yield made
    print(f"\n{CASES} cases, {len(lines)} lines, {dict(made.delivered)}, {made.killed} builds killed,")
    print(f"{len(made.compared)} marts compared, tables built by increments: {dict(made.kept)}")


def test_the_cases_hold_what_makes_numbers_go_wrong(laboratory: Laboratory):
    rows = laboratory.client.query("select kind, count() from reference.fct_watch_intervals group by kind").result_rows
    assert {kind for kind, _ in rows} == {
        "observed",
        "resumed",
        "compressed",
        "jump",
        "lost_seek",
        "censored",
        "reported",
    }
    exits = laboratory.client.query("select distinct exit_kind from reference.fct_video_views").result_rows
    assert {row[0] for row in exits} == {"completed", "skipped", "open", "unknown", "dropped"}
    odd = "select countIf(repeat_number > 1), countIf(has_position_outside) from reference.fct_watch_intervals"
    assert min(laboratory.client.query(odd).result_rows[0]) > 0
    unwatched = "select countIf(is_completed_unwatched) from reference.fct_video_views"
    assert laboratory.client.query(unwatched).result_rows[0][0] > 0
    reasons = "select distinct hazard_reason from reference.agg_video_drop_off"
    assert {row[0] for row in laboratory.client.query(reasons).result_rows} == {"", "suppressed", "censored"}
    day_long = "select count() from reference.fct_sessions where wall_seconds > 20 * 3600"
    assert laboratory.client.query(day_long).result_rows[0][0] > 0
    unplayed = "select count() from reference.agg_video_bins where length_seconds = 0"
    assert laboratory.client.query(unplayed).result_rows[0][0] > 0
    guesses = "select count() from reference.fct_attempts where is_rapid_guess"
    assert laboratory.client.query(guesses).result_rows[0][0] > 0
    answers = (
        "select countIf(selected_options = ['by lot']), countIf(has_pooled_option) from reference.fct_answer_options"
    )
    slow = laboratory.client.query(f"{answers} where item_id like '%/question/slow'").result_rows[0]
    assert slow == (13, 8)
    shared = "select max(courses) from (select count() as courses from reference.dim_units group by unit_id)"
    assert laboratory.client.query(shared).result_rows[0][0] > len(RUNS)
    placed = "select countIf(course_id != ''), countIf(course_id = '') from reference.fct_learning_events"
    unnamed = laboratory.client.query(f"{placed} where position(activity_id, '/unnamed/one') > 0").result_rows[0]
    undecided = laboratory.client.query(f"{placed} where position(activity_id, '/unnamed/two') > 0").result_rows[0]
    assert (unnamed, undecided) == ((7, 0), (2, 6))
    assert len(set(marts(laboratory.client)) - DELIVERY_MARTS) >= 20


@pytest.fixture(scope="module")
def told(laboratory: Laboratory) -> Account:
    """The oracle's account of all lines, with the learners' pseudonyms of this warehouse."""
    account_of_all = account(lines_of(laboratory.client), taken=verbs_of(laboratory.client))
    return known_as(account_of_all, learner_ids(laboratory.client, account_of_all))


@pytest.mark.parametrize("mart", EVERY)
def test_the_oracle_agrees_on_the_programme_and_the_cases(laboratory: Laboratory, told: Account, mart: str):
    unlike = EVERY[mart](laboratory.client, told)
    assert not unlike, f"{len(unlike)} differences, the first:\n" + "\n".join(unlike[:10])


@pytest.mark.invariance
def test_a_second_build_changes_nothing(laboratory: Laboratory):
    laboratory.build()
    assert laboratory.unlike() == {}


@pytest.mark.invariance
def test_threads_block_sizes_and_batches_of_learners_change_nothing(laboratory: Laboratory, tmp_path: Path):
    laboratory.use(*other_engine(tmp_path), build_batch_lines=400)
    laboratory.build("--full-refresh")
    assert laboratory.unlike() == {}


def test_split_shuffled_doubled_overwritten_and_killed_in_batches_and_small_blocks(
    laboratory: Laboratory, lines: list[Line], tmp_path: Path
):
    """The first build is whole, in two to six batches of learners; those after it are of what was touched."""
    laboratory.use(*other_engine(tmp_path), build_batch_lines=1000)
    laboratory.deliver(delivery(lines, seed=1, drop_count=12, build_count=2), kills={1: MODELS // 3})
    assert laboratory.unlike() == {}
    assert laboratory.killed > 0
    # Equal because all was rebuilt each time would be no news.
    assert laboratory.kept["fct_watch_intervals"] > 0 or not laboratory.is_incremental


def other_engine(folder: Path) -> tuple[str, str]:
    """Options of dbt: one thread of the engine, and small blocks."""
    return profile(folder, max_threads=1, max_block_size=257, max_insert_block_size=1000)


@pytest.mark.invariance
def test_many_deliveries(laboratory: Laboratory, lines: list[Line], delivery_seed: int, tmp_path: Path):
    """-m invariance --deliveries N: any split from 1 to 50 drops, other builds, other settings, kills."""
    seed = delivery_seed
    drops = 1 + seed * 7 % MOST_DROPS
    builds = 1 + seed % 5
    made = by_time(lines, min(drops, 6)) if seed % 6 == 0 else delivery(lines, seed, drops, builds, seed % 4 / 4)
    threads, block = (1, 2, 4, 3)[seed % 4], (65_409, 257, 8192, 1021)[seed // 4 % 4]
    laboratory.use(*profile(tmp_path, max_threads=threads, max_block_size=block))
    kills = {len(made.builds_after) - 1: 1 + seed * 11 % MODELS} if seed % 3 == 0 else {}
    laboratory.deliver(made, kills)
    assert laboratory.unlike() == {}, f"{made}, {threads} threads, blocks of {block}, killed builds {kills}"


@pytest.mark.invariance
def test_killed_at_each_model(laboratory: Laboratory, lines: list[Line]):
    """One more drop for each model, whose build is killed there."""
    laboratory.use()
    killed_before = laboratory.killed
    made = delivery(lines, seed=1, drop_count=MODELS + 1, build_count=MODELS + 1)
    laboratory.deliver(made, kills={build: build for build in range(1, MODELS + 1)})
    assert laboratory.unlike() == {}
    assert laboratory.killed - killed_before == MODELS
