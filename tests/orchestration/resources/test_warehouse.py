"""Each way the engine can be out of reach is one sentence that says what to do, without the password."""

from dataclasses import replace

import pytest

from orchestration.resources.warehouse import WarehouseUnavailable, connect


def message(settings, **changes: object) -> str:
    with pytest.raises(WarehouseUnavailable) as raised:
        connect(replace(settings, clickhouse=replace(settings.clickhouse, **changes)))
    return str(raised.value)


def test_a_wrong_password(bad_settings) -> None:
    text = message(replace(bad_settings, target="server"), password="wrong-password")
    assert "refused user 'default': wrong password" in text
    assert "CLICKHOUSE_PASSWORD" in text
    assert "wrong-password" not in text


def test_an_engine_that_does_not_run(bad_settings) -> None:
    assert "No ClickHouse answers at http://127.0.0.1:1. The local engine is not running" in message(
        bad_settings, port=1
    )


def test_an_unknown_host(bad_settings) -> None:
    text = message(replace(bad_settings, target="server"), host="no-such-host.invalid")
    assert "host 'no-such-host.invalid' is unknown. Check CLICKHOUSE_HOST" in text


def test_moments_come_back_with_their_zone(warehouse) -> None:
    assert warehouse.query("select now64(3, 'UTC')").result_rows[0][0].tzinfo is not None


def test_a_join_does_not_make_later_queries_lose_rows(warehouse) -> None:
    """ClickHouse 26.9: a join's runtime filter left a wrong "no rows" in the query condition cache."""
    warehouse.command("create database if not exists marts")
    warehouse.command("create table marts.p (l String, o String, m UInt64) engine = MergeTree order by (l, o)")
    warehouse.command("create table marts.k (l String, o String) engine = MergeTree order by (o, l)")
    warehouse.command("insert into marts.p values ('L', 'o1', 0)")
    warehouse.command("insert into marts.k values ('L', 'o1')")
    warehouse.query(
        "select a.o, b.m from (select o from marts.k where l = 'L') as a left join "
        "(select o, m from marts.p where l = 'L' order by o limit 1 by o) as b on a.o = b.o where b.m > 0"
    )
    assert warehouse.query("select count() from marts.p where l = 'L'").result_rows == [(1,)]
