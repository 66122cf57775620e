"""A new kind of drop needs no code but its entry: a copy of the project with one more kind loads and judges it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from orchestration.drop_kinds import DROP_KINDS, has_statements, kinds_in_words
from tests.faults.small_project import copy_files, own_environment

ENTRY = """
        DropKind(
            name="made_up",
            raw_table="raw.made_up_lines",
            staging_model="stg_made_up__things",
            families={"made_up": "Made up"},
            retention_var="retention_event_days",
        ),
    )
}
"""
SCHEMA = {
    "$id": "made_up.schema.json",
    "type": "object",
    "allOf": [
        {
            "x-reason": "missing_activity_id",
            "description": "Send `activity_id`.",
            "required": ["activity_id"],
        }
    ],
}
MODEL = """
select
    object_id,
    line_number,
    if(reject = '' and not JSONHas(line, 'activity_id'), 'missing_activity_id', reject) as quarantine_reason
from {{ source("raw", "made_up_lines") }}
where (load_id, object_id) in (
    select load_id, object_id from {{ source("ops", "live_objects") }} where kind = 'made_up'
)
"""
LINES = [*({"activity_id": f"thing-{number}"} for number in range(40)), {"title": "Finisher"}]
SCRIPT = """
import json, sys
from dataclasses import replace
from pathlib import Path

from orchestration.contract.generate import write_files

write_files()

from orchestration.contract.check import Checker
from orchestration.loading import load_pending
from orchestration.loading.lake.upload import put_drop
from orchestration.resources.lake import connect_lake
from orchestration.resources.warehouse import connect
from orchestration.settings import load_settings

home, bucket, file = sys.argv[1:]
settings = load_settings({"WAREHOUSE_HOME": home})
settings = replace(settings, lake=replace(settings.lake, bucket=bucket))
client, lake = connect(settings), connect_lake(settings)
keys = put_drop(lake, [Path(file)], kind="made_up")
report = load_pending(client, lake, settings)
checked = Checker("made_up").check(Path(file), lambda number, fault: None, lambda lines: None)
print(json.dumps({
    "keys": keys,
    "loaded": report.object_count,
    "problems": [refused.message for refused in report.parked + report.failed],
    "held": [held.reason for held in report.judgement.held],
    "refused": report.judgement.refused_count,
    "raw": client.query("select count(), countIf(source != '') from raw.made_up_lines").result_rows[0],
    "live": client.query("select kind, object_key from ops.live_objects").result_rows,
    "checked": dict(checked.rejected),
    "missing": [(gap.recommendation.field, gap.missing_count) for gap in checked.missing],
}))
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the project with the kind `made_up`."""
    copy = copy_files(tmp_path / "project")
    registry = copy / "orchestration/drop_kinds.py"
    text = registry.read_text()
    assert text.count("    )\n}\n") == 1
    registry.write_text(text.replace("    )\n}\n", ENTRY.removeprefix("\n")))
    (copy / "orchestration/contract/schemas/made_up.schema.json").write_text(json.dumps(SCHEMA))
    with (copy / "seeds/event_fields.csv").open("a") as fields:
        fields.write("made_up,*,title,recommended,text,title,the list of things,Send the title.\n")
    model = copy / "models/staging/made_up/stg_made_up__things.sql"
    model.parent.mkdir()
    model.write_text(MODEL)
    return copy


def test_an_entry_a_schema_its_fields_and_a_staging_model_make_a_kind(project, services, settings, warehouse, tmp_path):
    file = tmp_path / "made_up.ndjson"
    file.write_text("".join(json.dumps(line) + "\n" for line in LINES))
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(services.home), settings.lake.bucket, str(file)],
        cwd=project,
        env=own_environment(project, services.home),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    said = json.loads(done.stdout.splitlines()[-1])
    [key] = said["keys"]
    assert key.startswith("made_up/made_up-")
    assert said | {"keys": []} == {
        "keys": [],
        "loaded": 1,
        "problems": [],
        "held": [],
        "refused": 1,
        "raw": [41, 0],
        "live": [["made_up", key]],
        "checked": {"missing_activity_id": 1},
        "missing": [["title", 40]],
    }


def test_a_folder_of_no_kind_has_no_statements():
    assert [kind for kind in ("events", *DROP_KINDS, "realtime", "") if has_statements(kind)] == ["events", "events"]


def test_the_kinds_are_named_in_one_sentence():
    *others, last = DROP_KINDS
    assert kinds_in_words() == f"{', '.join(others)} or {last}"
    assert kinds_in_words().startswith("events, catalog, ")
