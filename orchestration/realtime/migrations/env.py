"""Alembic's entry: runs the steps on the connection that `migrate.migrate` hands over."""

from alembic import context
from sqlalchemy import text

connection = context.config.attributes["connection"]
connection.execute(text("create schema if not exists realtime"))
context.configure(connection=connection, version_table_schema="realtime", transaction_per_migration=False)
with context.begin_transaction():
    context.run_migrations()
