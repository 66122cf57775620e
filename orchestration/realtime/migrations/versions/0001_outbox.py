"""The outbox, the sessions, the offsets that are done, the ranges that are archived, the drops that were bridged."""

from pathlib import Path

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.get_bind().exec_driver_sql(Path(__file__).with_suffix(".sql").read_text())


def downgrade() -> None:
    op.execute("drop schema realtime cascade")
