"""What was edited in the UI, as files again."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from orchestration.dashboards.assets import ASSETS, normalised_chart, normalised_dashboard
from orchestration.dashboards.process import DashboardFiles, run_export
from orchestration.dashboards.yaml_text import from_yaml, to_yaml

_NORMALISED = {"charts": normalised_chart, "dashboards": normalised_dashboard}


def export_to(place: DashboardFiles, folder: Path | None) -> list[str]:
    """Write charts and dashboards of the UI below the folder; returns what changed, a line for each file.

    A file goes when the UI no longer has what it holds. Charts on datasets that dbt does not know are left out, and
    named. Raises DashboardsError when Superset cannot be asked.
    """
    target = folder or ASSETS
    exported = run_export(place)
    imported = set(json.loads(place.imported.read_text())) if place.imported.exists() else set()
    return write_export(exported, imported, target)


def write_export(exported: Mapping[str, str], imported: set[str], target: Path) -> list[str]:
    """The files of an export, in the names that they have already. `imported` are uuids that Superset once read."""
    contents = {name: from_yaml(text) for name, text in exported.items()}
    known_datasets = {from_yaml(path.read_text())["uuid"] for path in (ASSETS / "datasets").rglob("*.yaml")}
    changed, strange = [], set()
    for kind, normalise in _NORMALISED.items():
        names = names_by_uuid(target / kind)
        present = set()
        for name, content in contents.items():
            if not name.startswith(f"{kind}/"):
                continue
            present.add(content["uuid"])
            if kind == "charts" and content["dataset_uuid"] not in known_datasets:
                strange.add(content["slice_name"])
                continue
            path = names.get(content["uuid"]) or target / kind / f"{_slug(_title(content))}.yaml"
            text = to_yaml(normalise(content))
            if not path.exists() or path.read_text() != text:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
                changed.append(f"written  {kind}/{path.name}")
        for uuid in (set(names) & imported) - present:
            names[uuid].unlink()
            changed.append(f"removed  {kind}/{names[uuid].name}")
    changed += [f"left out chart '{title}': its dataset is not in datasets.yaml" for title in sorted(strange)]
    return changed


def names_by_uuid(folder: Path) -> dict[str, Path]:
    """The file of each uuid."""
    return {from_yaml(path.read_text())["uuid"]: path for path in sorted(folder.glob("*.yaml"))}


def _title(content: Mapping[str, Any]) -> str:
    return content.get("slice_name") or content.get("slug") or content["dashboard_title"]


def _slug(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", title.lower()).strip("_") or "untitled"
