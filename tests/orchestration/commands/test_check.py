"""`warehouse check` as a person and as a build use it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from orchestration.cli import app
from orchestration.contract.example_files import EXAMPLES
from tests.orchestration.contract.examples import accepted_examples

SECRET = "anna.example-4711"


@pytest.fixture
def good() -> str:
    return str(EXAMPLES / "video.json")


@pytest.fixture
def bad(tmp_path: Path) -> str:
    path = tmp_path / "bad.ndjson"
    path.write_text('{"id":"x"}\n[]\n' + json.dumps(accepted_examples("events")[0]) + "\n")
    return str(path)


@pytest.fixture
def meagre(tmp_path: Path) -> str:
    """A statement that is accepted and lacks a field."""
    statement = accepted_examples("events")[0]
    del statement["context"]["platform"]
    path = tmp_path / "meagre.ndjson"
    path.write_text(json.dumps(statement))
    return str(path)


def run(*arguments: str, stdin: str | None = None):
    return CliRunner().invoke(app, ["check", *arguments], input=stdin)


def test_the_exit_code_is_for_a_build(good: str, bad: str, meagre: str):
    assert run(good).exit_code == 0
    assert run(good, meagre).exit_code == 0
    assert run("--strict", good).exit_code == 0
    assert run("--strict", good, meagre).exit_code == 1
    assert run(good, bad).exit_code == 1


def test_wrong_usage_is_told_apart_from_bad_lines(good: str, tmp_path: Path):
    for arguments in ([], [str(tmp_path / "absent")], [str(tmp_path)], ["--kind", "x", good], ["--limit", "-1", good]):
        assert run(*arguments).exit_code == 2


def test_each_rejected_line_says_why_and_where(bad: str):
    shown = run(bad).stdout
    assert f"{bad}: line 1: invalid_id at /id. Send `id` as a UUID" in shown
    assert f"{bad}: line 2: not_object. " in shown
    assert f"{bad}: 3 lines: 1 accepted, 2 rejected (invalid_id 1, not_object 1)" in shown


def test_the_number_of_lines_shown_is_limited_and_the_rest_counted(bad: str):
    shown = run("--limit", "1", bad).stdout
    assert "line 2" not in shown
    assert "and 1 more are rejected" in shown


def test_a_missing_field_says_what_to_send_and_what_breaks(meagre: str):
    shown = run(meagre).stdout
    assert "recommended for every event: platform, missing in 1 of 1, first in line 1" in shown
    assert "Sent as context.platform" in shown
    assert "Breaks completeness by platform" in shown


def test_json_holds_everything(good: str, bad: str, meagre: str):
    files = json.loads(run("--json", good, bad, meagre).stdout)["files"]
    assert [file["file"] for file in files] == [good, bad, meagre]
    assert [file["accepted_count"] for file in files] == [7, 1, 1]
    assert files[1]["rejected_by_reason"] == {"invalid_id": 1, "not_object": 1}
    assert files[1]["rejected"][0] | {"advice": ""} == {"line": 1, "reason": "invalid_id", "path": "/id", "advice": ""}
    assert [gap["field"] for gap in files[2]["missing"]] == ["platform"]


def test_blank_lines_count_in_the_numbers_only(tmp_path: Path):
    path = tmp_path / "a.ndjson"
    path.write_text("\n" + json.dumps(accepted_examples("events")[0]) + "\r\n \n# comment\n\n")
    shown = run(str(path)).stdout
    assert f"{path}: line 4: not_json. " in shown
    assert f"{path}: 2 lines: 1 accepted, 1 rejected (not_json 1)" in shown


def test_answers_of_a_record_store_are_counted_by_statement(tmp_path: Path):
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"statements": accepted_examples("events")[:2], "more": "/xapi/statements?page=2"}))
    shown = run(str(path)).stdout
    assert f"{path}: 2 statements: 2 accepted, 0 rejected" in shown
    assert "names a next page" in shown
    assert json.loads(run("--json", str(path)).stdout)["files"][0]["has_more"]


def test_a_wrapped_statement_is_refused_with_the_key(tmp_path: Path):
    path = tmp_path / "a.ndjson"
    path.write_text(json.dumps({SECRET: 1, "payload": accepted_examples("events")[0]}))
    shown = run(str(path)).stdout
    assert f"{path}: line 1: wrapped_in_payload. Write the statement itself: what is under `payload`" in shown
    assert SECRET not in shown


def test_what_put_would_leave_out_cannot_be_read(tmp_path: Path):
    for name, content, words in [("a.csv", b"1,2", "A table"), ("b.json", "{}".encode("utf-16"), "UTF-16")]:
        (tmp_path / name).write_bytes(content)
        result = run(str(tmp_path / name))
        assert result.exit_code == 1
        assert words in result.stdout


def test_standard_input_is_a_file(bad: str):
    answer = run("--json", "-", stdin=Path(bad).read_text())
    assert answer.exit_code == 1
    assert json.loads(answer.stdout)["files"][0]["file"] == "standard input"


def test_no_value_of_a_line_is_ever_shown(tmp_path: Path):
    """Names, addresses and ids of learners stay in the file, wherever a sender put them."""
    statement = accepted_examples("events")[0]
    lines = [
        {"actor": {"name": SECRET}},
        statement | {"actor": {"mbox": SECRET}},
        statement | {"actor": {"account": {"name": SECRET, SECRET: SECRET}}},
        statement | {"verb": {"id": SECRET}},
        statement | {"verb": {"id": "x:" + SECRET}, "object": {"id": SECRET}},
        statement | {"object": {"id": "x:y", "definition": {"name": {SECRET: 5}, "type": SECRET}}},
        statement | {"timestamp": SECRET, SECRET: 1},
        statement | {"context": {"registration": SECRET}},
        statement | {"verb": {"id": "x:" + SECRET}, "context": {SECRET: SECRET}},
    ]
    path = tmp_path / "a.ndjson"
    path.write_text("\n".join([*map(json.dumps, lines), SECRET, f'"{SECRET}"']))
    for options in ([], ["--json"]):
        answer = run(*options, str(path))
        assert answer.exit_code == 1
        assert SECRET not in answer.output + answer.stderr


def test_it_starts_without_engine_or_orchestrator(good: str):
    """They take seconds to import, and the CI of a player has no use for them."""
    code = (
        "import sys\n"
        "from orchestration.commands.check import check\n"
        f"code = check([__import__('pathlib').Path({good!r})], 'events', True, False, 20)\n"
        "heavy = {'chdb', 'clickhouse_connect', 'dagster', 'great_expectations', 'pandas', 'numpy', 'boto3'}\n"
        "sys.exit(code or ' '.join(heavy & set(sys.modules)) or 0)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stderr
