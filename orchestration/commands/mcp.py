"""`warehouse mcp`: the published MCP server for ClickHouse, as the user who may only read marts."""

import os
import shutil
import subprocess

from orchestration.commands.context import open_warehouse
from orchestration.commands.errors import CommandError
from orchestration.settings import Settings, reader_settings

SERVER = "mcp-clickhouse==0.7.0"
"""One version, so that a new release cannot change what an assistant may do. It does not share our environment."""


def run_mcp() -> int:
    """Serve until the assistant closes standard input; returns the server's exit code.

    Raises CommandError when uv is not found, SettingsError when no reader is known.
    """
    uv = os.environ.get("UV") or shutil.which("uv")
    if not uv:
        raise CommandError("uv is not on PATH, and starts the MCP server. Install it with 'pip install uv'.")
    with open_warehouse() as warehouse:
        environment = os.environ | server_environment(reader_settings(warehouse.settings))
        # Standard output belongs to the protocol: the server has it alone.
        return subprocess.run([uv, "tool", "run", "--quiet", SERVER], env=environment, check=False).returncode


def server_environment(reader: Settings) -> dict[str, str]:
    """What mcp-clickhouse reads from its environment; secrets stand nowhere else."""
    engine = reader.clickhouse
    return {
        "CLICKHOUSE_HOST": engine.host,
        "CLICKHOUSE_PORT": str(engine.port),
        "CLICKHOUSE_USER": engine.user,
        "CLICKHOUSE_PASSWORD": engine.password,
        "CLICKHOUSE_SECURE": str(engine.secure).lower(),
        "CLICKHOUSE_DATABASE": "marts",
        "CLICKHOUSE_ALLOW_WRITE_ACCESS": "false",
        "CLICKHOUSE_MCP_SERVER_TRANSPORT": "stdio",
        "CLICKHOUSE_MCP_QUERY_TIMEOUT": "60",
        "CHDB_ENABLED": "false",
        "FASTMCP_CHECK_FOR_UPDATES": "off",
    }
