"""A gate that lets everything through, for what is not about the gate: staging's verdict takes a CPU second of a load,
Great Expectations several."""

from collections.abc import Callable

import pytest
from clickhouse_connect.driver.client import Client

from orchestration.expectations.verdict import LoadVerdict
from orchestration.loading.steps import gate
from orchestration.loading.steps.gate import Judge


class PassingJudge:
    """Lets every object through, as the fastest possible gate would."""

    def judge(self, load_id: str, kind: str, object_count: int) -> LoadVerdict:
        return LoadVerdict()


def judge_by(patch: pytest.MonkeyPatch, judge: Callable[[], Judge] = PassingJudge) -> None:
    """Let loads be judged by such a judge alone."""
    patch.setattr(gate, "_great_expectations", lambda *_: judge())
    patch.setattr(gate, "profile_load", count_lines)


def count_lines(client: Client, load_id: str, kind: str, table: str) -> None:
    """In place of `profile_load`, with what the load itself rejected: staging is not asked."""
    client.command(
        f"""
        insert into ops.object_profiles (
            load_id, object_id, line_count, rejected_count, refused_counts, profiled_at
        )
        select
            load_id,
            object_id,
            count(),
            countIf(reject != ''),
            sumMapIf(map(toString(reject), toUInt64(1)), reject != ''),
            now64(3, 'UTC')
        from {table}
        where load_id = {{load_id:String}} and object_id != ''
        group by load_id, object_id
        """,
        parameters={"load_id": load_id},
        settings={"async_insert": 0},
    )
