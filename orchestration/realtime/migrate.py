"""Brings the schema `realtime` of the operational database to the newest version."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from orchestration.realtime.database import connect

MIGRATIONS = Path(__file__).with_name("migrations")
_LOCK = 7_245_110_018
"""Two processes that start at once do not both apply a step."""


def migrate(url: str) -> None:
    """Bring the schema `realtime` to the newest version. Where it is, nothing is asked that a worker may not do."""
    if version(url) == ScriptDirectory(str(MIGRATIONS)).get_current_head():
        return
    engine = create_engine("postgresql+psycopg://", creator=lambda: connect(url), poolclass=NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql(f"select pg_advisory_xact_lock({_LOCK})")
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()


def version(url: str) -> str:
    """The step that the database is at; empty before the first."""
    with connect(url) as connection:
        if connection.execute("select to_regclass('realtime.alembic_version')").fetchone()[0] is None:
            return ""
        return connection.execute("select max(version_num) from realtime.alembic_version").fetchone()[0] or ""
