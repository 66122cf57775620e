"""An assistant at the dashboards: a real client of the protocol speaks to `warehouse bi mcp`. Only with -m bi."""

import os
import sys
from collections.abc import Awaitable, Callable

import anyio
import pytest
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client

from orchestration.dashboards.assets import read_charts
from orchestration.settings import PROJECT_ROOT
from tests.dashboards.conftest import Bi

pytestmark = pytest.mark.bi

SECONDS = 180
CHARTS = {chart.path.stem: chart.uuid for chart in read_charts()}
LEARNERS = ("Sessions of a learner", "Answers of a learner", "Learners to contact")


def ask(bi: Bi, user: str, work: Callable[[ClientSession], Awaitable[None]]) -> None:
    """Start the service as .mcp.json does, do the work, and end it by closing its input."""
    command = ["-c", "from orchestration.cli import main; main()", "bi", "mcp", "--user", user]
    environment = os.environ | {
        "WAREHOUSE_HOME": str(bi.home),
        "WAREHOUSE_TARGET": "local",
        "WAREHOUSE_BI_USERS": str(bi.users),
    }
    entry = StdioServerParameters(command=sys.executable, args=command, env=environment, cwd=str(PROJECT_ROOT))

    async def run() -> None:
        with anyio.fail_after(SECONDS):
            async with stdio_client(entry) as (reading, writing), ClientSession(reading, writing) as session:
                await session.initialize()
                await work(session)

    anyio.run(run)


async def call(session: ClientSession, tool: str, **request: object) -> str:
    """What the tool says, an error included."""
    answer = await session.call_tool(tool, {"request": request})
    return " ".join(part.text for part in answer.content if part.type == "text")


def test_an_assistant_sees_what_a_designer_sees(bi: Bi, reader):
    seen: dict[str, object] = {}

    async def work(session: ClientSession) -> None:
        seen["tools"] = {tool.name for tool in (await session.list_tools()).tools}
        seen["datasets"] = await call(session, "list_datasets", page_size=100, select_columns=["table_name"])
        seen["number"] = await call(session, "get_chart_data", identifier=CHARTS["overview_hot_spots"])
        seen["learners"] = await call(session, "get_chart_data", identifier=CHARTS["contact_table"])
        seen["sql"] = await call(session, "execute_sql", database_id=1, sql="select 1 as one")

    ask(bi, "designer", work)
    assert {"list_dashboards", "list_datasets", "get_chart_data", "execute_sql"} <= seen["tools"]
    assert "Hot spots" in seen["datasets"]
    assert [name for name in LEARNERS if name in seen["datasets"]] == []
    count = reader.query("select count() from marts.agg_video_hot_spots").result_rows[0][0]
    assert f'"Hot spots":{count}' in seen["number"].replace(" ", "").replace("Hotspots", "Hot spots")
    assert "No chart found" in seen["learners"]
    assert '"one":1' not in seen["sql"].replace(" ", "")
