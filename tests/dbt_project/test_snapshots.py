"""What differs between two states of the marts is found, and nothing else."""

from clickhouse_connect.driver.client import Client

from tests.dbt_project.snapshots import differences, put_aside


def test_a_difference_is_found(warehouse: Client):
    warehouse.command("create database if not exists marts")
    warehouse.command("create table marts.t engine = MergeTree order by tuple() as select 1 as a, toNullable('x') as b")
    put_aside(warehouse, "aside")
    assert differences(warehouse, "aside") == {}
    warehouse.command("insert into marts.t values (2, null)")
    warehouse.command("truncate table aside.t")
    warehouse.command("insert into aside.t values (1, 'y'), (2, null)")
    assert differences(warehouse, "aside") == {"t": "rows then 2, now 2; columns that differ: ['b']"}
    warehouse.command("rename table marts.t to marts.u")
    assert differences(warehouse, "aside") == {"t": "is gone", "u": "is new"}
    assert differences(warehouse, "aside", without=frozenset({"t", "u"})) == {}
    warehouse.command("drop database aside")
    warehouse.command("drop table marts.u")
