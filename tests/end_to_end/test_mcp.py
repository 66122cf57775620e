"""An assistant at the marts: a real client of the protocol speaks to `warehouse mcp` as .mcp.json starts it."""

import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import anyio
import pytest
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client

from orchestration.commands.mcp import server_environment
from orchestration.embedded.services import running_services
from orchestration.resources.warehouse import connect
from orchestration.settings import PROJECT_ROOT, load_settings, reader_settings
from tests.end_to_end.conftest import WAREHOUSE, CommandLine
from tests.mart_tables import create_marts, fill_mart

SECONDS = 240
COMMENT = "One row per hot spot, for the test."


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose services rest, with one mart that has one row."""
    home = tmp_path_factory.mktemp("assistant") / "home"
    with running_services(home):
        client = connect(load_settings({"WAREHOUSE_HOME": str(home)}))
        create_marts(client, ["agg_video_hot_spots"])
        client.command(f"alter table marts.agg_video_hot_spots modify comment '{COMMENT}'")
        fill_mart(client, "agg_video_hot_spots", {"title": "How the course works", "dropped_count": 812})
        client.command("create database if not exists raw")
        client.command("create table raw.event_lines (line String) engine = MergeTree order by tuple()")
    return home


def with_session(home: Path, work: Callable[[ClientSession], Awaitable[None]]) -> None:
    """Start the server as an assistant does, do the work, and end it by closing its input."""
    # The client's own environment would lack what the package index needs (proxies, certificates).
    environment = CommandLine(home).whole_environment()
    entry = StdioServerParameters(command=str(WAREHOUSE), args=["mcp"], env=environment, cwd=str(PROJECT_ROOT))

    async def run() -> None:
        with anyio.fail_after(SECONDS):
            async with stdio_client(entry) as (reading, writing), ClientSession(reading, writing) as session:
                await session.initialize()
                await work(session)

    anyio.run(run)


async def call(session: ClientSession, tool: str, **arguments: str) -> str:
    """What the tool says, an error included."""
    answer = await session.call_tool(tool, arguments)
    return " ".join(part.text for part in answer.content if part.type == "text")


@pytest.mark.downloads
@pytest.mark.timeout(600)
def test_an_assistant_reads_the_marts_and_nothing_else(home: Path):
    seen: dict[str, str] = {}

    async def work(session: ClientSession) -> None:
        names = {tool.name for tool in (await session.list_tools()).tools}
        assert {"list_databases", "list_tables", "run_query"} <= names
        seen["tables"] = await call(session, "list_tables", database="marts")
        seen["number"] = await call(session, "run_query", query="select dropped_count from marts.agg_video_hot_spots")
        for name, query in {
            "insert": "insert into marts.agg_video_hot_spots (title) values ('x')",
            "drop": "drop table marts.agg_video_hot_spots",
            "raw": "select * from raw.event_lines",
            "url": "select * from url('http://127.0.0.1:1/', CSV, 'a String')",
        }.items():
            seen[name] = await call(session, "run_query", query=query)
        seen["after"] = await call(session, "run_query", query="select count() as n from marts.agg_video_hot_spots")

    with_session(home, work)
    assert "agg_video_hot_spots" in seen["tables"]
    assert COMMENT in seen["tables"]
    assert "812" in seen["number"]
    for name in ("insert", "drop", "raw", "url"):
        assert "failed" in seen[name].lower() or "exception" in seen[name].lower(), (name, seen[name])
    assert "1" in seen["after"]


def test_the_file_for_assistants_holds_no_secret_and_starts_our_commands():
    servers = json.loads((PROJECT_ROOT / ".mcp.json").read_text())["mcpServers"]
    assert {server["command"] for server in servers.values()} == {"uv"}
    assert servers["warehouse-marts"]["args"][-2:] == ["warehouse", "mcp"]
    assert servers["warehouse-dashboards"]["args"][-3:] == ["warehouse", "bi", "mcp"]
    assert not [name for server in servers.values() for name in server.get("env", {})]


def test_the_server_works_as_the_reader_and_may_not_write(home: Path):
    with running_services(home):
        settings = load_settings({"WAREHOUSE_HOME": str(home)})
        environment = server_environment(reader_settings(settings))
    assert environment["CLICKHOUSE_USER"] == "bi_reader"
    assert environment["CLICKHOUSE_PASSWORD"] != settings.clickhouse.password
    assert environment["CLICKHOUSE_ALLOW_WRITE_ACCESS"] == "false"
