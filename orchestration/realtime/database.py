"""Connections to the operational database."""

import psycopg

CONNECT_SECONDS = 5


def connect(url: str, autocommit: bool = False) -> psycopg.Connection:
    """A connection, in UTC. Raises psycopg.OperationalError when the database does not answer."""
    return psycopg.connect(
        url,
        autocommit=autocommit,
        connect_timeout=CONNECT_SECONDS,
        application_name="warehouse realtime",
        options="-c timezone=UTC -c lock_timeout=20s -c statement_timeout=60s",
    )
