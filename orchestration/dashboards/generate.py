"""Writes what follows from dbt, `datasets.yaml` and the charts; `orchestration.generate` calls it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from orchestration.dashboards.assets import read_charts, read_dashboards
from orchestration.dashboards.datasets import DATASETS, generated_datasets
from orchestration.dashboards.exposures import exposures_file
from orchestration.dashboards.yaml_text import from_yaml
from orchestration.dbt_process.manifest import prepare_manifest


def read_manifest() -> dict[str, Any]:
    """dbt's manifest, parsed when a file of the project has changed."""
    return json.loads(prepare_manifest().read_text())


def generated_files(manifest: Mapping[str, Any]) -> dict[Path, str]:
    """Every generated file with what it must hold. Raises UnknownColumn."""
    datasets = generated_datasets(manifest)
    return datasets | exposures_file(read_dashboards(), read_charts(), by_uuid(datasets))


def by_uuid(datasets: Mapping[Path, str]) -> dict[str, dict[str, Any]]:
    """Datasets by the uuid that charts name."""
    contents = [from_yaml(text) for text in datasets.values()]
    return {content["uuid"]: content for content in contents}


def write_files() -> None:
    """Write them, and remove datasets that are no more."""
    files = generated_files(read_manifest())
    DATASETS.mkdir(parents=True, exist_ok=True)
    for path in set(DATASETS.glob("*.yaml")) - set(files):
        path.unlink()
    for path, text in files.items():
        path.write_text(text)


if __name__ == "__main__":
    write_files()
