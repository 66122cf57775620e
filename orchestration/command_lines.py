"""Lets dbt, Dagster and sqlfluff run from the project with no flags: their environment comes from our settings.

dbt reads its environment before any hook of ours could run, so a `.pth` file, installed with the package, imports this
module when a Python process starts whose command line looks like one of these programs.
What the user has set is never changed. Of the connection either all comes from the user or all from us, so that the
address of one warehouse is never paired with the password of another.
"""

import atexit
import gc
import os
import sys

from orchestration.machine.lifetimes import end_with_parent
from orchestration.settings import NOWHERE

PROGRAMS = frozenset({"dbt", "dagster", "dagster-webserver", "dagster-daemon", "sqlfluff"})
_MODULES = {"dagster_webserver": "dagster-webserver", "dagster._daemon": "dagster-daemon", "dbt.cli.main": "dbt"}
_CONNECTION = ("CLICKHOUSE_HOST", "CLICKHOUSE_PORT", "CLICKHOUSE_USER", "CLICKHOUSE_PASSWORD")
_TAKES_A_VALUE = ("-X", "-W")


def program_of(arguments: list[str]) -> str:
    """The program that a Python command line runs: `dbt` for `python -B /…/bin/dbt build` and for `-m dbt.cli.main`."""
    rest = iter(arguments[1:])
    for argument in rest:
        if argument == "-m":
            module = next(rest, "")
            return _MODULES.get(module, module)
        if argument == "-c" or argument == "-":
            return ""
        if argument in _TAKES_A_VALUE:
            next(rest, "")
        elif not argument.startswith("-"):
            return argument.rpartition("/")[2]
    return ""


def defaults(environment: dict[str, str]) -> dict[str, str]:
    """What to add to this environment."""
    from orchestration.secret_values import is_kept_elsewhere
    from orchestration.settings import SettingsError, home_environment, load_settings, warehouse_home, warehouse_target

    added = home_environment(warehouse_home(environment))
    target = ""
    try:
        target = warehouse_target(environment)
        added["WAREHOUSE_TARGET"] = target
        if target == "local":
            added |= NOWHERE
        added |= load_settings(environment).as_environment()
    except (SettingsError, KeyError, ValueError):
        pass  # No services run, or a variable is missing: the program says so when it comes to need it.
    # Elsewhere than on `local` all of it is theirs, and what is added is a password that they keep in a file.
    is_theirs = target == "local" and any(name in environment for name in _CONNECTION)
    return {
        name: value
        for name, value in added.items()
        if (name not in environment or is_kept_elsewhere(name, environment))
        and not (is_theirs and name.startswith("CLICKHOUSE_"))
    }


def prepare(arguments: list[str]) -> None:
    """Complete the environment of this process if it is one of the programs."""
    program = program_of(arguments)
    if program not in PROGRAMS:
        return
    end_with_parent()
    if program in ("dbt", "dagster"):
        _keep_all()
    os.environ.update(defaults(dict(os.environ)))
    if program.startswith("dagster"):
        _prepare_dagster_home()


def _keep_all() -> None:
    """Classes and nodes of a project are made once and stay: looking for garbage among them, while dbt runs and once
    more when it ends, takes a fifth of a short run, and a tenth of the start of Dagster's code server."""
    gc.set_threshold(200_000, 20, 20)
    atexit.register(gc.freeze)


def _prepare_dagster_home() -> None:
    """Dagster refuses a home that does not exist. A folder that the user chose is left as it is."""
    from pathlib import Path

    from orchestration.machine.private import keep_private
    from orchestration.resources.dagster_instance import write_dagster_config
    from orchestration.settings import warehouse_home

    home = warehouse_home()
    if Path(os.environ["DAGSTER_HOME"]) == home / "dagster":
        keep_private()
        write_dagster_config(home)


prepare(sys.orig_argv)
