"""Putting files into the lake: nothing is overwritten, and a simulated lake keeps its layout."""

import gzip
import os
import re
from datetime import date

import pytest

from orchestration.loading import WarehouseError
from orchestration.loading.lake.upload import put_drop

GZ = gzip.compress(b"{}\n")
TODAY = date(2026, 1, 5)


def test_a_file_becomes_a_drop_of_today(lake, tmp_path) -> None:
    file = tmp_path / "My statements.v1.ndjson.gz"
    file.write_bytes(GZ)
    (key,) = put_drop(lake, [file], source="funmooc", today=TODAY)
    assert re.fullmatch(r"events/funmooc/dt=2026-01-05/My_statements\.v1-[0-9a-f]{12}\.ndjson\.gz", key)
    assert b"".join(lake.read_chunks(key, 100)) == GZ


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


@pytest.mark.parametrize("kind", ["catalog", "learners", "changes"])
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
        (tmp_path / name).write_bytes(GZ if name.endswith(".gz") else b"{}\n")
    assert sorted(put_drop(lake, [tmp_path])) == [
        "catalog/catalog.ndjson",
        "events/web/dt=2025-09-01/a.ndjson.gz",
        "learners/learners.ndjson",
    ]
    again = put_drop(lake, [tmp_path])
    assert all("-" in key.rpartition("/")[2] for key in again)


@pytest.mark.parametrize(("name", "ending"), [("A.JSON", ".json"), ("A.NDJSON.GZ", ".ndjson.gz"), ("A", ".ndjson")])
def test_upper_case_and_no_ending_are_sent_under_a_name_of_a_drop(lake, tmp_path, name: str, ending: str) -> None:
    file = tmp_path / name
    file.write_bytes(GZ if ending.endswith(".gz") else b"{}\n")
    (key,) = put_drop(lake, [file], today=TODAY)
    assert re.fullmatch(rf"events/default/dt=2026-01-05/A-[0-9a-f]{{12}}{re.escape(ending)}", key)


def test_what_a_folder_holds_besides_is_told_with_its_reason(lake, tmp_path) -> None:
    good = {"a.ndjson": b"{}\n", "b.JSON": b"[]", "statements": b" {}\n", "packed": GZ, "sub/c.gz": GZ}
    others = {
        "a.csv": (b"1,2", "write each row as one JSON object per line"),
        "b.zip": (b"PK", "Unpack the archive"),
        "c.json": ('{"a":1}'.encode("utf-16"), "UTF-16"),
        "d.json": (b"PK\x03\x04", "ZIP archive"),
        "e.txt": (b"{}", "ends in .ndjson"),
        "f.json.gz": (b"{}", "It is not gzip"),
        "LICENSE": (b"Apache", "no ending"),
        "sub/_SUCCESS": (b"", "working file"),
    }
    for name, content in (good | {name: content for name, (content, _) in others.items()}).items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "config.json").write_text("{}")
    left_out = []
    assert len(put_drop(lake, [tmp_path], on_left_out=left_out.append)) == len(good)
    reasons = {file.path.relative_to(tmp_path).as_posix(): file.reason for file in left_out}
    assert reasons.keys() == others.keys() | {".git"}
    assert [name for name, (_, words) in others.items() if words not in reasons[name]] == []


def test_of_a_small_lake_what_lies_beside_it_is_told(lake, tmp_path) -> None:
    for name in ("events/web/a.ndjson", "events/b.ndjson", "truth.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("{}\n")
    left_out = []
    assert put_drop(lake, [tmp_path], on_left_out=left_out.append)[0].startswith("events/web/a")
    assert [(file.path.name, file.reason[:18]) for file in left_out] == [
        ("truth.json", "It lies beside the"),
        ("b.ndjson", "It would be ignore"),
    ]


def test_what_could_not_be_loaded_is_refused_before_anything_is_sent(lake, tmp_path) -> None:
    (tmp_path / "a.csv").write_text("1,2")
    (tmp_path / "b.json").write_text("{}")
    left_out = []
    with pytest.raises(WarehouseError, match=r"Nothing was sent.*a\.csv cannot be loaded: A table"):
        put_drop(lake, [tmp_path / "b.json", tmp_path / "a.csv"], on_left_out=left_out.append)
    (tmp_path / "b.json").write_bytes("{}".encode("utf-16"))
    with pytest.raises(WarehouseError, match=r"Nothing was sent.*UTF-16"):
        put_drop(lake, [tmp_path / "b.json"])
    with pytest.raises(WarehouseError, match=r"nor can 1 more"):
        put_drop(lake, [tmp_path / "b.json", tmp_path / "a.csv"], on_left_out=left_out.append)
    assert [file.path.name for file in left_out] == ["b.json", "a.csv"]
    (tmp_path / "b.json").unlink()
    with pytest.raises(WarehouseError, match=r"holds no file that ends in"):
        put_drop(lake, [tmp_path])
    with pytest.raises(WarehouseError, match="does not exist"):
        put_drop(lake, [tmp_path / "missing.ndjson"])
    with pytest.raises(WarehouseError, match="must be one of events, catalog, learners, changes"):
        put_drop(lake, [tmp_path / "a.csv"], kind="grades")
    with pytest.raises(WarehouseError, match="must be letters"):
        put_drop(lake, [tmp_path / "a.csv"], source="a/b")


def test_a_link_out_of_a_folder_and_what_is_no_file_are_left_out(lake, tmp_path) -> None:
    """A folder from others could send any file of this machine; a pipe would be waited for without end."""
    folder = tmp_path / "folder"
    folder.mkdir()
    (tmp_path / "private.ndjson").write_text('{"password": 1}\n')
    (folder / "good.ndjson").write_text("{}\n")
    (folder / "outside.ndjson").symlink_to(tmp_path / "private.ndjson")
    (folder / "upwards.ndjson").symlink_to("../private.ndjson")
    (folder / "above").symlink_to(tmp_path)
    (folder / "nowhere.ndjson").symlink_to(folder / "missing")
    (folder / "within.ndjson").symlink_to("good.ndjson")
    os.mkfifo(folder / "pipe.ndjson")
    left_out = []
    keys = put_drop(lake, [folder], on_left_out=left_out.append)
    assert [key.rpartition("/")[2].partition("-")[0] for key in keys] == ["good", "within"]
    assert {file.path.name: file.reason.partition(":")[0] for file in left_out} == {
        "outside.ndjson": "It is a link to a place outside the folder",
        "upwards.ndjson": "It is a link to a place outside the folder",
        "above": "It is a link to a place outside the folder",
        "nowhere.ndjson": "It is no file.",
        "pipe.ndjson": "It is no file.",
    }
    (named,) = put_drop(lake, [folder / "outside.ndjson"])
    assert "outside" in named, "who names a link means it"


@pytest.mark.parametrize("source", ["..", ".", ".hidden", "...", "a/b", "", "../x"])
def test_a_source_stays_below_events(lake, tmp_path, source: str) -> None:
    (tmp_path / "a.ndjson").write_text("{}\n")
    with pytest.raises(WarehouseError, match="The source is"):
        put_drop(lake, [tmp_path / "a.ndjson"], source=source)
