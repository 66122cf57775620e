"""Numbers as people read them, asked of the engine itself."""

import pytest
from clickhouse_connect.driver.client import Client

from orchestration.dashboards.shown import UnknownForm, expression_of

NUMBERS = (
    "select 0.6001628664495114 as share, 0.55 as share_low, 0.64 as share_high, 240.0 as at, 3840 as long_at, "
    "cast(null as Nullable(Float64)) as nothing, 'censored' as nothing_reason, true as is_suppressed, "
    "12003004 as many, -0.001 as gain, -0.11 as gain_low, 0.1 as gain_high, 'losing' as verdict"
)


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ({"percent": "share"}, " 60 % (55–64)"),
        ({"percent": "share", "bounds": False}, " 60 %"),
        ({"percent": "nothing", "bounds": False, "reason": "nothing_reason"}, "too early to say"),
        ({"percent": "nothing", "bounds": False, "suppressed": "is_suppressed"}, "too few learners"),
        ({"percent": "nothing", "bounds": False}, "–"),
        ({"clock": "at"}, "4:00"),
        ({"clock": "long_at"}, "1:04:00"),
        ({"clock": "nothing"}, "–"),
        ({"decimals": "gain", "digits": 2}, "0.00 (-0.11 to 0.10)"),
        ({"times": "share", "digits": 1}, "0.6× (0.6 to 0.6)"),
        ({"points": "gain"}, "0 points (-11 to 10)"),
        ({"words": "verdict", "means": {"losing": "few finish"}}, "few finish"),
        ({"words": "verdict", "means": {"hard": "hard"}}, "losing"),
        ({"sql": "concat({at}, ' ', {reason:nothing_reason})"}, "4:00 too early to say"),
        ({"sql": "concat({count:at}, ' ', {count:long_at}, ' ', {count:many})"}, "240 3,840 12,003,004"),
    ],
)
def test_a_value_is_shown_as_people_read_it(warehouse: Client, said: dict, text: str):
    sql = f"select {expression_of({'name': 'shown'} | said)} from ({NUMBERS})"
    assert warehouse.query(sql).result_rows == [(text,)]


def test_a_column_without_a_form_is_refused():
    with pytest.raises(UnknownForm, match="The column x has neither"):
        expression_of({"name": "x"})
