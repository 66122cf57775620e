"""The real-time path: statements from Kafka become actions of the platform within a second.

An optional extra (`realtime`). Nothing else of the warehouse imports this room; only its commands do, when they are
called. The way of a statement: `judge` → `rules` → `store` (one transaction of PostgreSQL) → `dispatcher`.
"""
