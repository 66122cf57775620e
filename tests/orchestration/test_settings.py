"""Where the gate's pages go, who reads the marts, and which model is asked."""

import json
from pathlib import Path

import pytest

from orchestration.settings import (
    SERVICES_FILE,
    AskEndpoint,
    SettingsError,
    ask_endpoint,
    load_settings,
    reader_settings,
    ui_hosts,
)

SERVER = {
    "WAREHOUSE_TARGET": "server",
    "CLICKHOUSE_HOST": "h",
    "CLICKHOUSE_PORT": "8443",
    "CLICKHOUSE_USER": "u",
    "CLICKHOUSE_PASSWORD": "p",
    "LAKE_BUCKET": "b",
    "LEARNER_ID_KEY": "k",
}


def test_data_docs_are_in_the_home_unless_told_otherwise(tmp_path: Path) -> None:
    env = SERVER | {"WAREHOUSE_HOME": str(tmp_path)}
    assert load_settings(env).data_docs_url == str(tmp_path / "data_docs")
    for url in ("s3://reports/gate", "/srv/docs"):
        settings = load_settings(env | {"DATA_DOCS_URL": url})
        assert settings.data_docs_url == settings.as_environment()["DATA_DOCS_URL"] == url


def test_a_local_home_may_send_them_elsewhere_too(tmp_path: Path) -> None:
    lake = {"endpoint_url": "http://127.0.0.1:1", "access_key_id": "a", "secret_access_key": "s"}
    engine = {"host": "127.0.0.1", "port": 1, "user": "u", "password": "p"}
    (tmp_path / SERVICES_FILE).write_text(json.dumps({"clickhouse": engine, "lake": lake, "learner_id_key": "k"}))
    env = {"WAREHOUSE_HOME": str(tmp_path)}
    assert load_settings(env).data_docs_url == str(tmp_path / "data_docs")
    assert load_settings(env | {"DATA_DOCS_URL": "s3://lake/docs"}).data_docs_url == "s3://lake/docs"


@pytest.mark.parametrize("url", ["docs", "https://host/docs", "s3://", "s3:///docs"])
def test_an_address_that_is_neither_a_bucket_nor_a_folder_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(SettingsError, match="DATA_DOCS_URL is"):
        load_settings(SERVER | {"WAREHOUSE_HOME": str(tmp_path), "DATA_DOCS_URL": url})


def test_names_of_the_ui_are_host_names() -> None:
    assert ui_hosts({}) == []
    assert ui_hosts({"WAREHOUSE_UI_HOSTS": "Warehouse.example.org, other.example.org,"}) == [
        "warehouse.example.org",
        "other.example.org",
    ]
    for wrong in ("https://warehouse.example.org", "warehouse.example.org:443", "*", "a b"):
        with pytest.raises(SettingsError, match="WAREHOUSE_UI_HOSTS holds"):
            ui_hosts({"WAREHOUSE_UI_HOSTS": wrong})


def test_the_reader_of_a_server_is_named_apart_from_its_owner(tmp_path: Path) -> None:
    settings = load_settings(SERVER | {"WAREHOUSE_HOME": str(tmp_path)})
    reader = reader_settings(settings, {"CLICKHOUSE_READER_USER": "r", "CLICKHOUSE_READER_PASSWORD": "q"})
    assert (reader.clickhouse.user, reader.clickhouse.password) == ("r", "q")
    assert (reader.clickhouse.host, settings.clickhouse.user) == ("h", "u")
    with pytest.raises(SettingsError, match="CLICKHOUSE_READER_USER and CLICKHOUSE_READER_PASSWORD are not set"):
        reader_settings(settings, {"CLICKHOUSE_READER_USER": "r"})


def test_a_model_to_ask_is_optional_and_never_half_named() -> None:
    assert ask_endpoint({}) is None
    named = {"ASK_ENDPOINT_URL": "http://127.0.0.1:1/v1", "ASK_MODEL": "small"}
    assert ask_endpoint(named) == AskEndpoint("http://127.0.0.1:1/v1", "small")
    with pytest.raises(SettingsError, match="ASK_MODEL is not set"):
        ask_endpoint({"ASK_ENDPOINT_URL": "http://127.0.0.1:1/v1"})
    with pytest.raises(SettingsError, match="ASK_ENDPOINT_URL is 'model'"):
        ask_endpoint(named | {"ASK_ENDPOINT_URL": "model"})
