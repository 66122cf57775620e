"""The last part of the demo's proof: the warehouse, built from the archived drops, gives the same actions."""

from typing import TYPE_CHECKING

from orchestration.commands.context import CommandContext
from orchestration.commands.display import shown_stages
from orchestration.commands.errors import CommandError
from orchestration.commands.realtime.proof import Parity

if TYPE_CHECKING:
    from orchestration.realtime.settings import RealtimeSettings

SHOWN = 5
DAYS = "select distinct (occurred_at at time zone 'UTC')::date from realtime.platform_actions where kind != 'pause'"


def compare_with_warehouse(warehouse: CommandContext, settings: "RealtimeSettings") -> Parity:
    """Load the archived drops, build the marts, and hold their triggers against the outbox."""
    from orchestration.checks.realtime_parity import compare_with_marts
    from orchestration.commands.job_run import run_dagster_job
    from orchestration.realtime.catalogue_source import FreshRules
    from orchestration.realtime.database import connect
    from orchestration.realtime.report import actions_document

    with shown_stages() as stages:
        run = run_dagster_job("nightly", warehouse.settings, stages)
    if not run.is_success:
        raise CommandError(f"The warehouse could not be built: {run.failures[0]} See {run.log_path}.")
    book, key = FreshRules(settings).book(), warehouse.settings.learner_id_key
    with connect(settings.database_url) as connection:
        days = connection.execute(DAYS).fetchall()
        documents = [actions_document(connection, book, key, day) for (day,) in days]
    compared = [compare_with_marts(warehouse.connect(), document) for document in documents]
    return Parity(
        warehouse_count=sum(comparison.lake_count for comparison in compared),
        outbox_count=sum(comparison.stream_count for comparison in compared),
        only_in_warehouse=[" ".join(key) for comparison in compared for key in comparison.only_in_lake][:SHOWN],
        only_in_outbox=[" ".join(key) for comparison in compared for key in comparison.only_in_stream][:SHOWN],
    )
