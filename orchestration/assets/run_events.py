"""What a step tells while it works, as events of its run with named values.

Dagster shows them in the run's log, and the command that runs a job shows them as stages (`commands.job_process` passes
them on).
"""

from dataclasses import asdict
from typing import Any

from dagster import AssetExecutionContext, DagsterEvent, DagsterEventType, OpExecutionContext
from dagster._core.events import EngineEventData

from orchestration.loading import Progress

PROGRESS, WAIT = "progress", "wait"
_KIND = "kind"


def tell_progress(context: AssetExecutionContext, progress: Progress) -> None:
    """How far a load is."""
    text = f"{progress.stage}: {progress.objects_done} of {progress.objects_total} objects, {progress.line_count} lines"
    _tell(context, text, PROGRESS, asdict(progress))


def tell_wait(context: OpExecutionContext | AssetExecutionContext, other: str) -> None:
    """For which run this one waits; empty when the wait is over."""
    _tell(context, f"waiting: {other or 'over'}", WAIT, {"waits_for": other})


def told_by(event: DagsterEvent) -> tuple[str, dict[str, Any]] | None:
    """The kind of such an event, and its values; None of any other event."""
    if event.event_type is not DagsterEventType.ENGINE_EVENT or event.event_specific_data is None:
        return None
    values = {name: entry.value for name, entry in event.engine_event_data.metadata.items()}
    return (str(values.pop(_KIND)), values) if _KIND in values else None


def _tell(context: OpExecutionContext | AssetExecutionContext, text: str, kind: str, values: dict[str, Any]) -> None:
    step = context.get_step_execution_context()
    DagsterEvent.engine_event(step, text, EngineEventData({_KIND: kind, **values}))
