"""The schema `realtime` of the operational database, in steps that Alembic applies once each, in order."""
