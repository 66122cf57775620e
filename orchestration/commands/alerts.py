"""`warehouse alerts`: what needs a person now, and whether a message reaches that person."""

import json
from dataclasses import asdict

from rich.text import Text

from orchestration.commands.context import CommandContext, open_warehouse
from orchestration.commands.display import output, print_note
from orchestration.commands.errors import EXIT_NOT_ALL_PUBLISHED, CommandError
from orchestration.settings import alert_urls, warehouse_home

TEST = "This is a test of the alerts of a learning-analytics warehouse. Nothing is wrong."


def show_alerts(as_json: bool) -> int:
    """Print what is wrong now; 0 where nothing is, else 3."""
    from orchestration.alerts.problems import find_problems

    with open_warehouse() as warehouse:
        problems = find_problems(warehouse.connect_prepared(), _failed_runs(warehouse))
    if as_json:
        print(
            json.dumps([asdict(problem) for problem in problems], indent=2, default=lambda moment: moment.isoformat())
        )
        return EXIT_NOT_ALL_PUBLISHED if problems else 0
    for problem in problems:
        _show(problem)
    channels = len(alert_urls())
    told = f"{channels} of ALERT_URLS, and the log" if channels else "the log and the console of 'warehouse up'"
    summary = f"{len(problems)} open" if problems else "Nothing is wrong"
    output().print(f"{summary}. While 'warehouse up' runs, alerts go to {told}.", markup=False, soft_wrap=True)
    return EXIT_NOT_ALL_PUBLISHED if problems else 0


def send_test() -> int:
    """Send a message to each channel. Raises CommandError without a channel, or when one does not take it."""
    from orchestration.alerts.channel import tell, wrong_urls

    urls = alert_urls()
    if not urls:
        raise CommandError(
            "ALERT_URLS is not set. It holds one address or more, separated by blanks, as Apprise writes them: "
            "slack://…, msteams://…, mailtos://…, jsons://host/path."
        )
    if wrong := wrong_urls(urls):
        numbers = ", ".join(map(str, wrong))
        raise CommandError(f"Address {numbers} of ALERT_URLS names no service that Apprise knows.")
    if not tell(urls, "Learning-analytics warehouse: a test", TEST, warehouse_home(), print_note):
        raise CommandError("The message did not reach every channel of ALERT_URLS.")
    output().print(f"Sent to {len(urls)} of {len(urls)}.")
    return 0


def _failed_runs(warehouse: CommandContext) -> list:
    """Failed jobs, where Dagster was ever started in this home."""
    home = warehouse.settings.home
    if not (home / "dagster" / "history" / "runs.db").exists():
        return []
    from dagster import DagsterInstance

    from orchestration.loading.state.builds import BUILD_JOBS
    from orchestration.resources.dagster_instance import write_dagster_config
    from orchestration.sensors.alerts import failed_runs

    with DagsterInstance.from_config(str(write_dagster_config(home))) as instance:
        return failed_runs(instance, BUILD_JOBS, home)


def _show(problem) -> None:
    since = f"  since {problem.since:%Y-%m-%d %H:%M} UTC" if problem.since else ""
    output().print(Text.assemble((problem.what, "bold yellow"), (since, "dim")), soft_wrap=True)
    for line in problem.detail.splitlines():
        output().print(Text(f"  {line}"), soft_wrap=True)
    output().print(Text(f"  Next: {problem.next_step}\n"), soft_wrap=True)
