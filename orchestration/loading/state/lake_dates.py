"""Lake dates: the days that the keys of event drops name in `dt=…`, and what was loaded of each."""

from dataclasses import dataclass
from datetime import date

from clickhouse_connect.driver.client import Client


@dataclass(frozen=True)
class LakeDate:
    """A day of the lake with objects that were committed, and how many."""

    day: date
    object_count: int
    line_count: int


def loaded_dates(client: Client, bucket: str, since: str = "") -> list[LakeDate]:
    """The lake dates of what attempts from the load_id `since` on have committed, in order; of all attempts without it.

    Keys without a day, or with a day that no calendar has, belong to none.
    """
    rows = client.query(
        r"""
        select toDateOrNull(extract(object_key, '/dt=(\d{4}-\d{2}-\d{2})/')) as day, count(), sum(lines)
        from (
            select object_id, any(object_key) as object_key, argMax(line_count, load_id) as lines
            from ops.load_commits
            where load_id >= {since:String} and bucket = {bucket:String} and kind = 'events'
            group by object_id
        )
        where day is not null
        group by day
        order by day
        """,
        parameters={"since": since, "bucket": bucket},
    ).result_rows
    return [LakeDate(*row) for row in rows]
