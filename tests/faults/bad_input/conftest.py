"""Loading for the bad-input tests: a gate that lets everything through, and what happened to each object."""

from collections.abc import Callable

import pytest
from clickhouse_connect.driver.client import Client

from orchestration.loading import LoadReport, load_pending
from orchestration.loading.lake.scope import Scope
from orchestration.resources.lake import S3Lake
from orchestration.settings import Settings
from tests.faults.bad_input.reader import Reading
from tests.passing_judge import judge_by


@pytest.fixture(scope="module")
def load_prefix(warehouse: Client, lake: S3Lake, settings: Settings) -> Callable[[str], LoadReport]:
    """load_prefix(prefix) loads what is due below it."""

    def load(prefix: str) -> LoadReport:
        with pytest.MonkeyPatch.context() as patch:
            judge_by(patch)
            return load_pending(warehouse, lake, settings, scope=Scope((prefix,)))

    return load


@pytest.fixture(scope="module")
def readings(warehouse: Client) -> Callable[[str], dict[str, Reading]]:
    """readings(prefix) is what readers see of each published object, and the ledger's form of it."""

    def read(prefix: str) -> dict[str, Reading]:
        parameters = {"prefix": prefix}
        forms = warehouse.query(
            "select object_key, form, line_count, rejected_count from ops.load_commits "
            "where startsWith(object_key, {prefix:String}) "
            "and (load_id, object_id) in (select load_id, object_id from ops.live_objects)",
            parameters=parameters,
        ).result_rows
        rows = warehouse.query(
            "select object_key, line_number, hex(line), reject from raw.event_lines "
            "where startsWith(object_key, {prefix:String}) "
            "and (load_id, object_id) in (select load_id, object_id from ops.live_objects) "
            "order by object_key, line_number",
            parameters=parameters,
        ).result_rows
        result = {key: Reading(form) for key, form, _, _ in forms}
        for key, number, line, reason in rows:
            result[key].rows.append((bytes.fromhex(line), reason))
            result[key].numbers.append(number)
        for key, _, line_count, rejected_count in forms:
            reasons = result[key].reasons
            assert (line_count, rejected_count) == (len(reasons), sum(map(bool, reasons))), key
        return result

    return read
