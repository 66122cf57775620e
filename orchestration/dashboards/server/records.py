"""Assets into Superset, and out again as the same YAML."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

FOLDERS = ("databases", "datasets", "charts", "dashboards")
IMPORTED = "imported.json"


def read_assets(folder: Path) -> dict[str, str]:
    """Every file of the assets, by its name below the folder."""
    return {str(path.relative_to(folder)): path.read_text() for path in sorted(folder.rglob("*.yaml"))}


def import_assets(folder: Path, admin) -> None:
    """Superset's records of the assets become what the files say. What was edited since is saved first."""
    from superset.commands.importers.v1.assets import ImportAssetsCommand
    from superset.utils.core import override_user

    save_edits()
    with override_user(admin):
        ImportAssetsCommand(read_assets(folder)).run()
    (home() / IMPORTED).write_text(json.dumps(states()))


def home() -> Path:
    return Path(os.environ["WAREHOUSE_BI_HOME"])


def states() -> dict[str, str]:
    """When each chart, dashboard and dataset was last changed, by uuid."""
    from superset import db
    from superset.connectors.sqla.models import SqlaTable
    from superset.models.dashboard import Dashboard
    from superset.models.slice import Slice

    return {
        str(record.uuid): str(record.changed_on)
        for model in (Slice, Dashboard, SqlaTable)
        for record in db.session.query(model).all()
    }


def save_edits() -> None:
    """Edits of the UI that an import would overwrite go to a folder of the home, with a line that says so."""
    recorded = home() / IMPORTED
    if not recorded.exists() or json.loads(recorded.read_text()) == states():
        return
    target = home() / "edits" / f"{datetime.now(UTC):%Y-%m-%d_%H%M%S}"
    write_assets(export_assets(), target)
    print(f"note: edits made in the UI were saved to {target} before the files were imported", flush=True)


def export_assets() -> dict[str, str]:
    """All records as Superset exports them, normalised: the same records give the same text."""
    from superset import security_manager
    from superset.commands.export.assets import ExportAssetsCommand
    from superset.utils.core import override_user

    with override_user(security_manager.find_user("admin")):
        exported = {name: content() for name, content in ExportAssetsCommand().run()}
    return {name: text for name, text in exported.items() if name.partition("/")[0] in FOLDERS}


def write_assets(texts: dict[str, str], folder: Path) -> None:
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
