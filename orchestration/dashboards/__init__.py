"""The dashboards: Apache Superset as files, generated from dbt where dbt knows it, and how they are kept in step.

Nothing here imports Superset. It lives in an environment of its own and runs as a process: `server/` is its side.
"""
