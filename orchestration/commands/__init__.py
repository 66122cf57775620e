"""What each `warehouse` command does; the command line itself is `orchestration.cli`.

Modules here import Dagster, ClickHouse and the lake inside functions, so that `--help` and errors are immediate.
"""
