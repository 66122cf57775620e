"""A copy of the project whose job `near_real_time` builds a handful of models: what is killed often must be quick."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from orchestration.settings import PROJECT_ROOT

COPIED = (
    *("orchestration", "models", "macros", "seeds", "profiles", "tests/dbt"),
    *("dbt_project.yml", "pyproject.toml"),
)
KEPT = "fct_drops.sql"
"""The only model of the copy that is tagged: its ancestors are built with it, and nothing else."""
TAG = re.compile(r',\s*"near_real_time"|"near_real_time",\s*|"near_real_time"')
RUN = "from orchestration.cli import main; main()"
OURS = ("WAREHOUSE_", "CLICKHOUSE_", "LAKE_", "AWS_", "LEARNER_ID_KEY", "DBT_", "DAGSTER_")


def copy_files(folder: Path) -> Path:
    """The project as it is, in the folder; nothing of it was ever parsed."""
    for name in COPIED:
        source, target = PROJECT_ROOT / name, folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    return folder


def copy_project(folder: Path) -> Path:
    """The small copy, in the folder."""
    copy_files(folder)
    for model in (folder / "models").rglob("*.sql"):
        if model.name != KEPT:
            model.write_text(TAG.sub("", model.read_text()))
    return folder


def own_environment(project: Path, home: Path) -> dict[str, str]:
    """Of a command of the copy on this home, whatever ours is."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    path = os.pathsep.join([str(project), str(project / "orchestration" / "dbt_plugins")])
    return kept | {"WAREHOUSE_HOME": str(home), "PYTHONPATH": path, "PYTHONUNBUFFERED": "1"}


def start_command(project: Path, home: Path, log: Path, *arguments: str) -> subprocess.Popen:
    """`warehouse` of the copy, in a session of its own; what it says goes to the log."""
    with log.open("wb") as output:
        return subprocess.Popen(
            [sys.executable, "-c", RUN, *arguments],
            cwd=project,
            env=own_environment(project, home),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
