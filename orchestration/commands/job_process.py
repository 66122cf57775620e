"""One Dagster job in a process of its own, telling its parent line by line what happens.

`python -m orchestration.commands.job_process JOB --events FD [--asked-by-sensor] [--config JSON]`; started by
`job_run`. The process keeps Dagster's and dbt's own output away from the display: both go where standard output points,
a log file.
"""

import argparse
import json
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from orchestration.commands.errors import explain
from orchestration.machine.lifetimes import end_with_parent
from orchestration.machine.private import keep_private
from orchestration.resources.dagster_instance import write_dagster_config
from orchestration.resources.run_locks import be_run
from orchestration.settings import load_settings

STOP_SECONDS = 10.0
"""How long a run whose parent was killed has to stop in order."""
Tell = Callable[[str, dict[str, Any]], None]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("job")
    parser.add_argument("--events", type=int, required=True, help="descriptor to write events to")
    parser.add_argument("--asked-by-sensor", action="store_true", help="run only when the drops sensor requests a run")
    parser.add_argument("--config", type=json.loads, default={}, help="Dagster's run config, as JSON")
    chosen = parser.parse_args(arguments)
    keep_private()
    # Dagster turns this into a canceled run; the default would leave a run that seems to go on for ever.
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    end_with_parent(STOP_SECONDS)
    with os.fdopen(chosen.events, "w", buffering=1) as events:

        def tell(kind: str, content: dict[str, Any]) -> None:
            events.write(json.dumps({"kind": kind, **content}) + "\n")

        try:
            return 0 if run_job(chosen.job, chosen.asked_by_sensor, chosen.config, tell) else 1
        except KeyboardInterrupt:
            tell("error", {"message": "The run was stopped."})
        except Exception as error:  # the parent is told, and the trace goes to the log
            tell("error", {"message": explain(error)})
            raise
    return 1


def run_job(job: str, asked_by_sensor: bool, config: dict[str, Any], tell: Tell) -> bool:
    """Whether the run succeeded. The run is recorded in the Dagster instance of the home, as any other."""
    settings = load_settings()
    os.environ.update(settings.as_environment())
    write_dagster_config(settings.home)
    tell("stage", {"name": "Reading the models"})
    from orchestration.assets.dbt_project import prepare_manifest

    prepare_manifest()
    tell("stage", {"name": "Starting Dagster"})
    from dagster import DagsterInstance, RunRequest
    from dagster._core.utils import make_new_run_id

    from orchestration.definitions import defs
    from orchestration.resources.dead_runs import end_dead_runs

    with DagsterInstance.get() as instance:
        for sentence in end_dead_runs(instance, settings.home):
            tell("note", {"text": sentence})
        request = _request_of_sensor(defs, instance) if asked_by_sensor else RunRequest()
        if request is None:
            tell("skipped", {})
            return True
        run_id = make_new_run_id()
        be_run(settings.home, run_id)
        tell("run", {"run_id": run_id, "job": job})
        instance.add_event_listener(run_id, lambda entry: _tell_of(entry, tell))
        definition = defs.resolve_job_def(job)
        # Dagster's console log would repeat the event log, which is kept in the instance. The scope that the sensor
        # asks for is left out: the daemon looks again in a minute, a run by hand must load everything at once.
        run_config = {"loggers": {"console": {"config": {"log_level": "WARNING"}}}, **config}
        result = definition.execute_in_process(
            instance=instance, run_id=run_id, raise_on_error=False, tags=request.tags, run_config=run_config
        )
        # A run that was still stopping when this one began may have been killed meanwhile.
        for sentence in end_dead_runs(instance, settings.home):
            tell("note", {"text": sentence})
        tell("end", {"is_success": result.success})
        return result.success


def _request_of_sensor(defs, instance):
    """The run that the drops sensor requests now; None when it requests none."""
    from dagster import build_sensor_context

    sensor = defs.get_sensor_def("drops_sensor")
    resources = {name: defs.resources[name] for name in sensor.required_resource_keys}
    with build_sensor_context(instance=instance, resources=resources, sensor_name="drops_sensor") as context:
        requests = sensor.evaluate_tick(context).run_requests
    if not requests:
        return None
    return requests[0].with_replaced_attrs(tags=requests[0].tags | {"dagster/sensor_name": "drops_sensor"})


def _tell_of(entry, tell: Tell) -> None:
    """Pass on the events that a display needs; everything else stays in Dagster's log."""
    from dagster import DagsterEventType

    from orchestration.assets.run_events import told_by

    event = entry.dagster_event
    if event is None:
        return
    told = told_by(event)
    if told:
        kind, values = told
        tell(kind, {"step": event.step_key or "", **values})
        return
    match event.event_type:
        case DagsterEventType.ASSET_MATERIALIZATION_PLANNED:
            tell("planned", {"asset": event.asset_key.path})
        case DagsterEventType.STEP_START:
            tell("step", {"step": event.step_key})
        case DagsterEventType.ASSET_MATERIALIZATION:
            tell("built", {"asset": event.asset_key.path, "metadata": _plain_metadata(event)})
        case DagsterEventType.ASSET_CHECK_EVALUATION:
            evaluation = event.asset_check_evaluation_data
            tell(
                "checked",
                {
                    "check": evaluation.check_name,
                    "asset": evaluation.asset_key.path,
                    "is_passed": evaluation.passed,
                    "severity": evaluation.severity.value,
                    "faults": _plain(evaluation.metadata).get("faults", ""),
                    "reason": _plain(evaluation.metadata).get("reason", ""),
                },
            )
        case DagsterEventType.STEP_FAILURE:
            tell("step_failed", {"step": event.step_key, "message": _cause(event.step_failure_data.error)})


def _plain_metadata(event) -> dict[str, Any]:
    """Numbers and texts of a materialization."""
    return _plain(event.step_materialization_data.materialization.metadata)


def _plain(metadata) -> dict[str, Any]:
    values = {name: entry.value for name, entry in metadata.items()}
    return {name: value for name, value in values.items() if isinstance(value, str | int | float)}


def _cause(error) -> str:
    """The innermost message: the outer ones only say that a step failed."""
    while error is not None and error.cause is not None:
        error = error.cause
    return error.message.strip() if error else "no message"


if __name__ == "__main__":
    sys.exit(main())
