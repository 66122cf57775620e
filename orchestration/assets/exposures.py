"""What reads the marts (dbt's exposures), as assets that Dagster shows downstream of them and never runs.

The weekly brief is an exposure too, but an asset of its own already (briefs.py).
"""

import json
from collections.abc import Mapping
from typing import Any

from dagster import AssetKey, AssetSpec, MetadataValue

from orchestration.assets.dbt_project import dbt_project
from orchestration.assets.marts import ProjectTranslator
from orchestration.assets.owners import OWNERS

BRIEF = "weekly_brief"


def define_exposures() -> list[AssetSpec]:
    """One asset for each exposure of the project."""
    return exposure_specs(json.loads(dbt_project().manifest_path.read_text()))


def exposure_specs(manifest: Mapping[str, Any]) -> list[AssetSpec]:
    """The exposures of a manifest, each downstream of the models that it reads."""
    translator = ProjectTranslator()
    return [
        AssetSpec(
            key=AssetKey(["exposures", exposure["name"]]),
            deps=[translator.get_asset_key(manifest["nodes"][node]) for node in exposure["depends_on"]["nodes"]],
            description=exposure["description"],
            group_name="exposures",
            kinds={exposure["type"]},
            owners=OWNERS,
            metadata={"url": MetadataValue.url(exposure["url"])} if exposure.get("url") else {},
        )
        for exposure in manifest["exposures"].values()
        if exposure["name"] != BRIEF
    ]
