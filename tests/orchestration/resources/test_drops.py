"""Putting files into the lake: nothing is overwritten, and a simulated lake keeps its layout."""

from datetime import date

import pytest

from orchestration.loading import WarehouseError
from orchestration.resources.drops import put_drop

TODAY = date(2026, 1, 5)


def test_a_file_becomes_a_drop_of_today(lake, tmp_path) -> None:
    file = tmp_path / "My statements.v1.ndjson.gz"
    file.write_bytes(b"content")
    (key,) = put_drop(lake, [file], source="funmooc", today=TODAY)
    assert key == "events/funmooc/dt=2026-01-05/My_statements.v1-ed7002b439e9.ndjson.gz"
    assert b"".join(lake.read_chunks(key, 100)) == b"content"


def test_a_parquet_file_keeps_its_ending(lake, tmp_path) -> None:
    file = tmp_path / "export.2026.parquet"
    file.write_bytes(b"content")
    (key,) = put_drop(lake, [file], today=TODAY)
    assert key == "events/default/dt=2026-01-05/export.2026-ed7002b439e9.parquet"


def test_the_same_file_put_twice_is_delivered_twice(lake, tmp_path) -> None:
    file = tmp_path / "a.ndjson"
    file.write_text("{}\n")
    first, second = put_drop(lake, [file], today=TODAY) + put_drop(lake, [file], today=TODAY)
    assert first != second
    assert second.endswith(".ndjson")


@pytest.mark.parametrize("kind", ["catalog", "learners"])
def test_other_kinds_have_their_own_prefix(lake, tmp_path, kind: str) -> None:
    file = tmp_path / "items.ndjson"
    file.write_text("{}\n")
    (key,) = put_drop(lake, [file], kind=kind)
    assert key.startswith(f"{kind}/items-")


def test_a_folder_in_the_lakes_layout_keeps_it_and_only_it(lake, tmp_path) -> None:
    for name in (
        "events/web/dt=2025-09-01/a.ndjson.gz",
        "events/web/_SUCCESS",
        "catalog/catalog.ndjson",
        "learners/learners.ndjson",
        "truth.json",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("{}\n")
    assert sorted(put_drop(lake, [tmp_path])) == [
        "catalog/catalog.ndjson",
        "events/web/dt=2025-09-01/a.ndjson.gz",
        "learners/learners.ndjson",
    ]
    again = put_drop(lake, [tmp_path])
    assert all("-" in key.rpartition("/")[2] for key in again)


def test_what_could_not_be_loaded_is_refused_before_anything_is_sent(lake, tmp_path) -> None:
    (tmp_path / "a.csv").write_text("1,2")
    with pytest.raises(WarehouseError, match=r"Rename it"):
        put_drop(lake, [tmp_path / "a.csv"])
    with pytest.raises(WarehouseError, match=r"holds no file that ends in"):
        put_drop(lake, [tmp_path])
    with pytest.raises(WarehouseError, match="does not exist"):
        put_drop(lake, [tmp_path / "missing.ndjson"])
    with pytest.raises(WarehouseError, match="must be one of events, catalog, learners"):
        put_drop(lake, [tmp_path / "a.csv"], kind="grades")
    with pytest.raises(WarehouseError, match="must be letters"):
        put_drop(lake, [tmp_path / "a.csv"], source="a/b")
