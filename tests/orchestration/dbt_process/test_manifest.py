"""The manifest is parsed when it must be, once, and swapped in whole."""

from pathlib import Path

import pytest

from orchestration.dbt_process import manifest
from orchestration.dbt_process.manifest import is_manifest_stale, prepare_manifest, project_fingerprint


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small project folder, and a parser that only writes a file."""
    (tmp_path / "models").mkdir()
    (tmp_path / "dbt_project.yml").write_text("name: small\n")
    (tmp_path / "models" / "a.sql").write_text("select 1")
    monkeypatch.setattr(manifest, "PROJECT_ROOT", tmp_path)
    monkeypatch.setattr(manifest, "MANIFEST", tmp_path / "target" / "manifest.json")
    parses = []

    def parse(target: Path) -> None:
        parses.append(target)
        (target / "manifest.json").write_text(f"{len(parses)}")

    monkeypatch.setattr(manifest, "_parse", parse)
    return tmp_path


def test_it_is_parsed_when_missing_and_when_a_file_changed_and_not_otherwise(project: Path) -> None:
    assert is_manifest_stale()
    assert prepare_manifest().read_text() == "1"
    assert prepare_manifest().read_text() == "1"
    (project / "models" / "a.sql").write_text("select 2")
    assert is_manifest_stale()
    assert prepare_manifest().read_text() == "2"
    assert [path.name for path in (project / "target").iterdir() if path.is_dir()] == []


def test_the_fingerprint_follows_names_and_contents(project: Path) -> None:
    first = project_fingerprint()
    (project / "models" / "a.sql").rename(project / "models" / "b.sql")
    renamed = project_fingerprint()
    assert renamed != first
    (project / "models" / "b.sql").rename(project / "models" / "a.sql")
    assert project_fingerprint() == first
