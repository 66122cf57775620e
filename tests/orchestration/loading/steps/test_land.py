"""The statement that reads the lake: its text, and what it leaves to the settings."""

from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from orchestration.loading.lake.objects import Drop
from orchestration.loading.steps.land import LAND_SETTINGS, lake_source, land

DROP = Drop("id", "events", "web", "lake", "events/web/a.ndjson", "etag", 10, datetime(2026, 1, 5, tzinfo=UTC))


def test_no_secret_stands_in_the_text(bad_settings) -> None:
    source, parameters = lake_source(bad_settings.lake, ["events/web/a.ndjson"])
    assert bad_settings.lake.secret_access_key in parameters.values()
    assert bad_settings.lake.secret_access_key not in source
    assert bad_settings.lake.access_key_id not in source


def test_without_keys_the_engine_uses_its_own_role(bad_settings) -> None:
    lake = replace(bad_settings.lake, access_key_id="", secret_access_key="")
    assert lake_source(lake, ["a"])[1] == {}


def test_keys_of_a_role_come_with_their_token(warehouse, settings, put):
    """The engine takes the third argument for a token only where there is one."""
    put("events/web/token.ndjson", b"{}\n{}\n")
    lake = replace(settings.lake, session_token="token")
    source, parameters = lake_source(lake, ["events/web/token.ndjson"])
    assert parameters["lake_token"] == "token"
    assert warehouse.query(f"select count() from {source}", parameters=parameters).result_rows == [(2,)]


@pytest.mark.parametrize(
    ("form", "format_"),
    [
        ("lines", "LineAsString"),
        ("document", "JSONAsString"),
        ("answers", "JSONEachRow"),
        ("parquet", "Parquet"),
    ],
)
def test_each_form_has_its_format(bad_settings, form: str, format_: str) -> None:
    assert f"'{format_}'" in lake_source(bad_settings.lake, ["a", "b"], form)[0]


def test_a_packing_is_named_only_when_the_key_does_not_tell_it(bad_settings) -> None:
    assert lake_source(bad_settings.lake, ["a.json"], "lines", "gzip")[0].endswith(", 'gzip')")
    assert lake_source(bad_settings.lake, ["a.json.gz"])[0].endswith("'line String')")


def test_the_engine_knows_every_setting(warehouse) -> None:
    """An unknown setting would be an error on a server, or ignored: both would be found late."""
    known = warehouse.query(
        "select name from system.settings where name in {names:Array(String)}",
        parameters={"names": list(LAND_SETTINGS)},
    ).result_rows
    assert {name for (name,) in known} == set(LAND_SETTINGS)


def test_objects_are_read_in_the_order_of_the_table(bad_settings) -> None:
    """Read in another order, every block is sorted again: a fifth of the CPU of a load."""
    drops = [replace(DROP, object_id=name, key=f"events/web/{name}.ndjson") for name in "cab"]
    texts = []
    nothing = SimpleNamespace(result_rows=[])
    client = SimpleNamespace(command=lambda text, **options: texts.append(text), query=lambda *_, **__: nothing)
    land(client, bad_settings, "load", drops)
    assert "{events/web/a.ndjson,events/web/b.ndjson,events/web/c.ndjson}" in texts[0]
