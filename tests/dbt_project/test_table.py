"""A plain table is published whole, with its comments, whichever process died and whatever stood in its place."""

from collections.abc import Iterator

import pytest
from clickhouse_connect.driver.client import Client

from orchestration.settings import Settings
from tests.dbt_project.incremental import Incremental

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

MODEL = "dim_event_fields"
ASIDE = f"{MODEL}__dbt_backup"


@pytest.fixture(scope="module")
def site(warehouse: Client, settings: Settings) -> Iterator[Incremental]:
    site = Incremental(warehouse, settings)
    site.build("--select", "event_families", "event_fields")
    yield site
    site.proxy.close()


def described(client: Client) -> tuple[int, int]:
    """Rows, and columns with a comment, of a table that has a comment itself."""
    assert client.command(f"select comment from system.tables where database = 'marts' and name = '{MODEL}'")
    columns = f"select countIf(comment != '') from system.columns where database = 'marts' and table = '{MODEL}'"
    return client.command(f"select count() from marts.{MODEL}"), client.command(columns)


def test_a_killed_build_leaves_what_was_there_and_the_next_one_mends_it(site: Incremental):
    site.build_killed("insert into", ASIDE, is_after=True, options=("--select", MODEL))
    assert site.names("marts") == {ASIDE}

    site.build("--select", MODEL)
    assert site.names("marts") == {MODEL}
    first = described(site.client)
    assert min(first) > 0

    site.client.command(f"create table marts.{ASIDE} (a UInt8) engine = Memory")
    site.build_killed("exchange tables", MODEL, options=("--select", MODEL))
    assert site.names("marts") == {MODEL, ASIDE}
    assert described(site.client) == first

    site.client.command(f"drop table marts.{MODEL}")
    site.client.command(f"create view marts.{MODEL} as select 1 as a")
    site.build("--select", MODEL)
    assert site.names("marts") == {MODEL}
    assert described(site.client) == first
