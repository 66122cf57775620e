"""Steps of a run follow one another and each leaves its work to ClickHouse: one process is enough, and starts faster.

The run holds its lock while it executes, whichever program started it: `dagster job execute` does so by itself.
"""

from collections.abc import Iterator

from dagster import DagsterEvent, InitExecutorContext, executor, in_process_executor
from dagster._core.execution.context.system import PlanOrchestrationContext
from dagster._core.execution.plan.plan import ExecutionPlan
from dagster._core.execution.retries import RetryMode
from dagster._core.executor.in_process import InProcessExecutor

from orchestration.resources.run_locks import be_run
from orchestration.settings import warehouse_home


class LockedInProcessExecutor(InProcessExecutor):
    """Dagster's executor, in a run that is known to be alive."""

    def execute(self, plan_context: PlanOrchestrationContext, execution_plan: ExecutionPlan) -> Iterator[DagsterEvent]:
        be_run(warehouse_home(), plan_context.run_id)
        yield from super().execute(plan_context, execution_plan)


@executor(name="in_process", config_schema=in_process_executor.config_schema)
def one_process(context: InitExecutorContext) -> LockedInProcessExecutor:
    return LockedInProcessExecutor(RetryMode.from_config(context.executor_config["retries"]))
