"""The operational database: connections and migrations."""

from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

MIGRATIONS = Path(__file__).with_name("migrations")
CONNECT_SECONDS = 5
_LOCK = 7_245_110_018
"""Of the migrations, so that two processes that start do not both apply them."""


def connect(url: str, autocommit: bool = False) -> psycopg.Connection:
    """A connection, in UTC. Raises psycopg.OperationalError when the database does not answer."""
    return psycopg.connect(
        url,
        autocommit=autocommit,
        connect_timeout=CONNECT_SECONDS,
        application_name="warehouse realtime",
        options="-c timezone=UTC -c lock_timeout=20s -c statement_timeout=60s",
    )


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
