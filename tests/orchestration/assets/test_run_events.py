"""What a step tells comes back with its values from the events of a real run, as the process of a job passes it on."""

from dagster import AssetExecutionContext, DagsterInstance, MaterializeResult, asset, materialize

from orchestration.assets.run_events import tell_progress, tell_wait
from orchestration.commands.job_process import _tell_of
from orchestration.loading import Progress


@asset
def load(context: AssetExecutionContext) -> MaterializeResult:
    tell_wait(context, "run 1 of nightly")
    tell_wait(context, "")
    tell_progress(context, Progress("loading", 3, 40, 12345))
    context.log.info("loading: 9 of 9 objects, 9 lines")
    return MaterializeResult()


def test_a_display_gets_the_values_and_no_words_to_read():
    told: list[dict] = []
    with DagsterInstance.ephemeral() as instance:
        run = materialize([load], instance=instance)
        for entry in instance.all_logs(run.run_id):
            _tell_of(entry, lambda kind, content: told.append({"kind": kind, **content}))
    assert [event for event in told if event["kind"] in ("wait", "progress", "log")] == [
        {"kind": "wait", "step": "load", "waits_for": "run 1 of nightly"},
        {"kind": "wait", "step": "load", "waits_for": ""},
        {"kind": "progress", "step": "load", **vars(Progress("loading", 3, 40, 12345))},
    ]
