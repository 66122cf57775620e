"""`warehouse demo`: simulated learners go the whole way, and the marts are held against what was planted."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration.commands.context import CommandContext, open_warehouse
from orchestration.commands.demo_contacts import record_contacts
from orchestration.commands.display import Stages, output, print_note, shown_stages
from orchestration.commands.errors import EXIT_FAILED, CommandError
from orchestration.commands.findings_display import show_curve, show_findings
from orchestration.commands.job_run import run_dagster_job
from orchestration.commands.run import Job, reason_to_rest, state_of
from orchestration.commands.run_report import report
from orchestration.dbt_process.warm import warm_dbt
from orchestration.drop_kinds import DROP_KINDS
from orchestration.settings import warehouse_target

if TYPE_CHECKING:
    from orchestration.resources.lake import S3Lake
    from orchestration.simulate.truth import Truth

CURVE = """
select bin_start_seconds, bin_end_seconds, survival, started_count
from marts.agg_video_drop_off where video_id = {video:String} order by bin_number
"""


@dataclass(frozen=True)
class Size:
    """What to simulate: the same size gives the same bytes."""

    learners: int
    days: int
    seed: int

    def __str__(self) -> str:
        return f"{self.learners:,} learners over {self.days} days, seed {self.seed}"


def run_demo(learners: int | None, days: int | None, seed: int | None) -> int:
    """The exit code: 0 when every finding is met."""
    from orchestration.simulate.simulator import DEFAULT_DAYS, DEFAULT_LEARNERS, DEFAULT_SEED

    if warehouse_target() != "local":
        raise CommandError(
            f"WAREHOUSE_TARGET is '{warehouse_target()}', and the demo would put simulated learners among real ones. "
            "Run it with WAREHOUSE_TARGET=local."
        )
    size = Size(learners or DEFAULT_LEARNERS, days or DEFAULT_DAYS, DEFAULT_SEED if seed is None else seed)
    with open_warehouse() as warehouse:
        # dbt reads the models while learners are simulated and their drops delivered.
        with warm_dbt(warehouse.settings.home), shown_stages() as stages:
            truth = deliver(size, warehouse.settings.home / "simulated", warehouse.lake(), stages)
            if truth.side is not None:
                record_contacts(warehouse.connect_prepared(), truth.side.campaign)
            exit_code = _build(warehouse, stages)
            if exit_code == EXIT_FAILED:
                return exit_code
        return _present(warehouse, truth)


def deliver(size: Size, folder: Path, lake: "S3Lake", stages: Stages) -> "Truth":
    """Simulate into the folder and upload what the lake does not have yet; resumes where an earlier demo stopped."""
    present = {entry.key for kind in DROP_KINDS.values() for entry in lake.list_objects(kind.prefix)}
    truth = _earlier_truth(folder)
    if truth is not None and present:
        earlier = Size(truth.learners, truth.days, truth.seed)
        if earlier != size:
            raise CommandError(f"This home holds a demo of {earlier}; asked for was one of {size}. {_other_home(size)}")
    elif present:
        raise _foreign(next(iter(sorted(present))), size)
    else:
        truth = _simulate(size, folder, stages)
    expected = {file.relative_to(folder).as_posix(): file for kind in DROP_KINDS for file in _files(folder / kind)}
    foreign = sorted(present - expected.keys())
    if foreign:
        raise _foreign(foreign[0], size)
    missing = sorted(expected.keys() - present)
    if missing:
        stages.start("Delivering the drops", len(missing))
        times = delivery_times(expected)
        for done, key in enumerate(missing, 1):
            lake.upload(expected[key], key, times[key])
            stages.move(done, len(missing), key)
    return truth


def delivery_times(files: Mapping[str, Path]) -> dict[str, float]:
    """When the simulated platform delivered each file: events day by day, lists once, with the last events.

    So late is what is late in the simulated programme, and not all of it by the months that it lies back.
    """
    times = {name: file.stat().st_mtime for name, file in files.items() if name.startswith("events/")}
    last = max(times.values())
    return {name: times.get(name, last) for name in files}


def _earlier_truth(folder: Path) -> "Truth | None":
    """The truth of the demo that ran here; it is written last, so it exists only when its events do."""
    from orchestration.simulate.truth import TRUTH_FILE, read_truth

    if not (folder / TRUTH_FILE).exists():
        return None
    try:
        return read_truth(folder)
    except (ValueError, TypeError, KeyError) as error:
        raise CommandError(
            f"The truth in {folder} is from another version of the simulator ({error}). "
            "Set WAREHOUSE_HOME to a new folder."
        ) from error


def _simulate(size: Size, folder: Path, stages: Stages) -> "Truth":
    from orchestration.simulate.simulator import simulate

    stages.start("Simulating learners", size.learners)
    try:
        truth = simulate(folder, size.learners, size.days, size.seed, lambda done, total: stages.move(done, total))
    except ValueError as error:
        raise CommandError(f"Cannot simulate {error}.") from error
    stages.finish(f"{truth.counts.lines:,} lines")
    return truth


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def _foreign(key: str, size: Size) -> CommandError:
    return CommandError(
        f"The lake of this home holds drops that are not the demo's, such as {key}. {_other_home(size)}"
    )


def _other_home(size: Size) -> str:
    name = f".warehouse/demo-{size.learners}-{size.days}-{size.seed}"
    return f"Give the demo a home of its own: WAREHOUSE_HOME={name} uv run warehouse demo …"


def _build(warehouse: CommandContext, stages: Stages) -> int:
    """Let the sensor see the drops, and run what it asks for, with all marts."""
    from orchestration.loading.ledger.entries import server_now

    rest = reason_to_rest(warehouse, Job.WEEKLY)
    if rest:
        print_note(rest.reason)
        return 0
    since = server_now(warehouse.connect())
    run = run_dagster_job(Job.WEEKLY.value, warehouse.settings, stages, asked_by_sensor=True)
    if run.is_skipped:
        # Loaded already, but not built: an earlier build failed, or the models have changed.
        run = run_dagster_job(Job.WEEKLY.value, warehouse.settings, stages)
    return report(run, state_of(warehouse), since)


def _present(warehouse: CommandContext, truth: "Truth") -> int:
    """The curve, the findings, and where to go from here."""
    from orchestration.simulate.findings import compare

    client = warehouse.connect()
    console = output()
    leave = truth.leave_video
    bins = client.query(CURVE, parameters={"video": leave.video_id}).result_rows
    show_curve(console, leave.title, bins, leave.at_seconds)
    findings = compare(lambda statement: list(client.query(statement).named_results()), truth)
    show_findings(console, findings)
    missed = [finding for finding in findings if not finding.is_met]
    size = Size(truth.learners, truth.days, truth.seed)
    if missed:
        console.print(f"[bold red]{len(missed)} of {len(findings)} findings missed[/] on {size}.")
    else:
        console.print(f"[bold green]All {len(findings)} findings met[/] on {size}.")
    _say_next(warehouse.settings.home)
    return EXIT_FAILED if missed else 0


def _say_next(home: Path) -> None:
    from orchestration.settings import PROJECT_ROOT

    prefix = "" if home == PROJECT_ROOT / ".warehouse" else f"WAREHOUSE_HOME={home} "
    examples = (
        ("Dagster's UI, with every table and check", "up"),
        (
            "where videos lose people",
            'sql "select title, start_seconds, drop_off_ratio from marts.agg_video_hot_spots '
            'order by excess_learners_lost desc"',
        ),
        (
            "which modules need work",
            'sql "select title, completion_ratio, verdict from marts.agg_content_effectiveness '
            "where unit_kind = 'module' and period = 'all'\"",
        ),
        ("what happened to the drops", "status"),
    )
    output().print("\nOpen next:", markup=False)
    for what, command in examples:
        output().print(f"  {prefix}uv run warehouse {command}   # {what}", markup=False, soft_wrap=True)
