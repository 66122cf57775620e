"""A secret may stand in a file or be printed by a command; it never stands in an error."""

import sys
from pathlib import Path

import pytest

from orchestration.command_lines import defaults
from orchestration.secret_values import SettingsError, with_secrets
from orchestration.settings import load_settings, reader_settings

SERVER = {
    "WAREHOUSE_TARGET": "server",
    "CLICKHOUSE_HOST": "h",
    "CLICKHOUSE_PORT": "8443",
    "CLICKHOUSE_USER": "u",
    "LAKE_BUCKET": "b",
    "LEARNER_ID_KEY": "k",
}


def written(path: Path, text: str) -> str:
    path.write_text(text)
    return str(path)


def test_a_password_comes_from_a_file(tmp_path: Path) -> None:
    env = SERVER | {"CLICKHOUSE_PASSWORD_FILE": written(tmp_path / "p", " from a file \n")}
    assert load_settings(env).clickhouse.password == " from a file "
    (tmp_path / "p").write_text("rotated")
    assert load_settings(env).clickhouse.password == "rotated"


def test_a_key_comes_from_a_command() -> None:
    env = {"LEARNER_ID_KEY": "", "LEARNER_ID_KEY_COMMAND": f"{sys.executable} -c 'print(\"of a vault\")'"}
    settings = load_settings(SERVER | {"CLICKHOUSE_PASSWORD": "p"} | env)
    assert settings.learner_id_key == "of a vault"


def test_the_readers_password_too(tmp_path: Path) -> None:
    settings = load_settings(SERVER | {"CLICKHOUSE_PASSWORD": "p"})
    env = {"CLICKHOUSE_READER_USER": "r", "CLICKHOUSE_READER_PASSWORD_FILE": written(tmp_path / "r", "q\n")}
    assert reader_settings(settings, env).clickhouse.password == "q"


def test_dbt_alone_gets_the_password_of_the_file(tmp_path: Path) -> None:
    env = SERVER | {"WAREHOUSE_HOME": str(tmp_path), "CLICKHOUSE_PASSWORD_FILE": written(tmp_path / "p", "q")}
    added = defaults(env)
    assert added["CLICKHOUSE_PASSWORD"] == "q"
    assert "CLICKHOUSE_HOST" not in added
    (tmp_path / "p").write_text("rotated")
    assert defaults(env | added)["CLICKHOUSE_PASSWORD"] == "rotated"
    assert load_settings(env | added).clickhouse.password == "rotated"


@pytest.mark.parametrize(
    ("ways", "sentence"),
    [
        ({"_COMMAND": "a", "_FILE": "b"}, "CLICKHOUSE_PASSWORD_FILE and CLICKHOUSE_PASSWORD_COMMAND are set; keep one"),
        ({"_FILE": "/nowhere/password"}, "which cannot be read: No such file"),
        ({"_FILE": "/dev/null"}, "which is empty"),
        ({"_COMMAND": f"{sys.executable} -c 'print(\"hush\"); exit(3)'"}, "ended with 3 and 5 characters"),
        ({"_COMMAND": "no-such-program"}, "did not run"),
        ({"_COMMAND": "open 'quote"}, "did not run"),
        ({}, "CLICKHOUSE_PASSWORD is not set"),
    ],
)
def test_what_cannot_be_had_is_said_without_the_secret(ways: dict[str, str], sentence: str) -> None:
    env = SERVER | {f"CLICKHOUSE_PASSWORD{ending}": value for ending, value in ways.items()}
    with pytest.raises(SettingsError, match=sentence) as failed:
        load_settings(env)
    assert "hush" not in str(failed.value)


def test_other_variables_are_left_alone(tmp_path: Path) -> None:
    env = with_secrets({"LAKE_BUCKET_FILE": "x", "HOME": "/h"})
    assert env.get("LAKE_BUCKET") is None
    assert dict(env) == {"LAKE_BUCKET_FILE": "x", "HOME": "/h"}
