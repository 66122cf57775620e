"""Brings the schema `realtime` of the operational database to the newest version."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from orchestration.realtime.database import connect

MIGRATIONS = Path(__file__).with_name("migrations")
_LOCK = 7_245_110_018
"""Two processes that start at once do not both apply a step."""


def migrate(url: str) -> None:
    """Bring the schema `realtime` to the newest version; nothing happens when it is."""
    engine = create_engine("postgresql+psycopg://", creator=lambda: connect(url), poolclass=NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql(f"select pg_advisory_xact_lock({_LOCK})")
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()
