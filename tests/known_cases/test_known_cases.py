"""Cases whose right answer is known by hand, each of which some warehouse in use gets wrong (see README.md).

All cases are loaded in one go, drop by drop, and the marts are built after each. With KNOWN_CASES_WAREHOUSE set to
http://user:password@host:port/database, a warehouse is asked that holds the statements already.
"""

import os
from collections.abc import Iterator
from urllib.parse import urlsplit

import clickhouse_connect
import pytest
from clickhouse_connect.driver.client import Client

from orchestration.loading import load_pending
from tests.dbt_command import ALWAYS_INCREMENTAL, MODELS_ONLY, TOUCHED, Dbt
from tests.known_cases.known_case import FOLDER, KnownCase, check, lines_by_drop, read_cases
from tests.passing_judge import judge_by

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

ELSEWHERE = os.environ.get("KNOWN_CASES_WAREHOUSE", "")
CASES = read_cases()


@pytest.fixture(scope="module")
def marts(request: pytest.FixtureRequest) -> Iterator[tuple[Client, str]]:
    """A client, and the database whose marts are asked."""
    if ELSEWHERE:
        place = urlsplit(ELSEWHERE)
        options = {"host": place.hostname, "port": place.port, "username": place.username, "password": place.password}
        client = clickhouse_connect.get_client(**options, tz_mode="aware")
        yield client, place.path.strip("/")
        client.close()
        return
    load_and_build(request)
    yield request.getfixturevalue("warehouse"), "marts"


def load_and_build(request: pytest.FixtureRequest) -> None:
    names = ("warehouse", "lake", "settings", "put")
    warehouse, lake, settings, put = (request.getfixturevalue(name) for name in names)
    dbt = Dbt(settings, ALWAYS_INCREMENTAL)
    asked = [f"+{mart}" for mart in sorted({expected["mart"] for case in CASES for expected in case.expected})]
    drops = sorted(lines_by_drop(CASES).items())
    for number, lines in drops:
        put(f"events/known/dt=2025-04-0{number + 1}/drop-{number}.ndjson.gz", lines)
        with pytest.MonkeyPatch.context() as patch:
            judge_by(patch)
            report = load_pending(warehouse, lake, settings)
        assert (report.parked_count, report.held_count) == (0, 0)
        is_last = number == len(drops) - 1
        dbt.run("build", *MODELS_ONLY, *TOUCHED, *(asked if is_last else ()))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_answer_is_the_known_one(marts: tuple[Client, str], case: KnownCase):
    client, database = marts
    wrong = [words for expected in case.expected for words in check(client, database, case, expected)]
    assert wrong == []


def test_every_case_has_both_files_and_a_section_on_the_page():
    page = (FOLDER / "README.md").read_text()
    assert {case.name for case in CASES} == {path.stem for path in FOLDER.glob("*.json")}
    assert all(case.lines and case.expected for case in CASES)
    assert [case.name for case in CASES if f"### {case.name}\n" not in page] == []


def test_every_line_belongs_to_a_drop():
    for case in CASES:
        assert sorted(number for drop in case.drops for number in drop) == list(range(1, len(case.lines) + 1)), (
            case.name
        )


def test_a_wrong_answer_is_found(marts: tuple[Client, str]):
    """A check that finds everything right would find nothing wrong either."""
    case = next(case for case in CASES if case.name == "replayed_batch")
    for expected in case.expected:
        numbers = expected.get("expect", {})
        changed = {"expect": {name: value + 1 for name, value in numbers.items()}} if numbers else {"count": 999}
        assert check(*marts, case, expected | changed)
