"""dbt parses what has changed, whichever process parsed the rest: another home, another process, another connection."""

import re
import shutil
from pathlib import Path
from typing import Self

import pytest

from orchestration.settings import NOWHERE, PROJECT_ROOT

PROFILE = (PROJECT_ROOT / "profiles" / "profiles.yml").read_text()
NOTHING = "no changes found"
FILES = {
    "dbt_project.yml": "name: small\nprofile: warehouse\nvars: {width: 1}\n",
    "profiles/profiles.yml": PROFILE,
    "models/a.sql": "select '{{ env_var('COLOUR', 'red') }}' as colour, {{ width() }} as width",
    "models/b.sql": "select * from {{ ref('a') }}",
    "models/b.yml": "models: [{name: b, description: B}]\n",
    "macros/width.sql": "{% macro width() %}{{ var('width') }}{% endmacro %}",
    "seeds/s.csv": "x\n1\n",
}


class SmallProject:
    """A project of two models, and what dbt says when it parses it in the home of the moment."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.words: list[str] = []
        self.environment: dict[str, str] = {}

    def create(self) -> Self:
        for name, content in FILES.items():
            self.write(name, content)
        return self

    def write(self, name: str, content: str) -> None:
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)

    def parse(self) -> str:
        """What dbt's log says of the parse."""
        from dbt.cli.main import dbtRunner

        given = {"WAREHOUSE_HOME": str(self.home), "DBT_TARGET_PATH": str(self.home / "target"), **NOWHERE}
        places = {"DBT_PROFILES_DIR": str(self.folder / "profiles"), "DBT_PROJECT_DIR": str(self.folder)}
        with pytest.MonkeyPatch.context() as patch:
            for name in ("WAREHOUSE_TARGET", "WAREHOUSE_SCHEMA"):
                patch.delenv(name, raising=False)
            for name, value in (given | places | self.environment).items():
                patch.setenv(name, value)
            done = dbtRunner().invoke(["--quiet", "--log-path", str(self.home), "parse", *self.words])
        assert done.success, done.exception
        return (self.home / "dbt.log").read_text().rpartition("Running with dbt")[2]

    def is_parsed_anew(self) -> bool:
        log = self.parse()
        assert NOTHING in log or "Partial parsing enabled: 0 files" in log or "Unable to do partial parsing" in log
        return NOTHING not in log


@pytest.fixture(scope="module")
def parsed(tmp_path_factory: pytest.TempPathFactory) -> SmallProject:
    """A project that was parsed once, to be copied: a whole parse takes a second."""
    small = SmallProject(tmp_path_factory.mktemp("parsed")).create()
    assert small.is_parsed_anew()
    return small


@pytest.fixture
def project(parsed: SmallProject, tmp_path: Path) -> SmallProject:
    shutil.copytree(parsed.folder, tmp_path, dirs_exist_ok=True)
    return SmallProject(tmp_path)


def test_another_home_and_connection_take_over_what_was_parsed(project: SmallProject) -> None:
    project.home = project.folder / "another home"
    project.environment = {"CLICKHOUSE_HOST": "db.example", "CLICKHOUSE_PORT": "8443", "CLICKHOUSE_USER": "u"}
    assert not project.is_parsed_anew()
    assert not (project.home / "target" / "partial_parse.msgpack").exists()


def test_a_changed_file_is_parsed_again_and_no_other(project: SmallProject) -> None:
    """One change after the other, for each whole parse takes a second: (deleted, added, changed) files."""
    for name, content, counts in [
        ("models/a.sql", "select 'blue' as colour, {{ width() }} as width", (0, 0, 1)),
        ("models/c.sql", "select 1 as one", (0, 1, 0)),
        ("models/b.yml", "models: [{name: b, description: Better}]\n", (0, 0, 1)),
        ("macros/width.sql", "{% macro width() %}2{% endmacro %}", (0, 0, 1)),
        ("seeds/s.csv", "x\n2\n", (0, 0, 1)),
    ]:
        project.write(name, content)
        said = re.search(r"(\d+) files deleted, (\d+) files added, (\d+) files changed", project.parse())
        assert said, name
        assert tuple(map(int, said.groups())) == counts, name
    assert not project.is_parsed_anew()


def test_what_shapes_every_model_means_a_whole_parse_once(project: SmallProject) -> None:
    changes = {
        "dbt_project.yml": lambda: project.write(
            "dbt_project.yml", "name: small\nprofile: warehouse\nvars: {width: 2}\n"
        ),
        "vars": lambda: project.words.extend(["--vars", "{width: 3}"]),
        "schema": lambda: project.environment.update(WAREHOUSE_SCHEMA="other"),
        "target": lambda: project.environment.update(WAREHOUSE_TARGET="server"),
    }
    for name, change in changes.items():
        change()
        assert project.is_parsed_anew(), name
        assert not project.is_parsed_anew(), name


def test_a_variable_of_the_environment_parses_the_models_that_read_it(project: SmallProject) -> None:
    project.environment["COLOUR"] = "green"
    assert project.is_parsed_anew()
    assert not project.is_parsed_anew()


def test_what_was_parsed_under_other_values_is_still_there_afterwards(project: SmallProject) -> None:
    project.words = ["--vars", "{width: 3}"]
    project.parse()
    project.words = []
    assert not project.is_parsed_anew()


def test_a_torn_file_is_parsed_over(project: SmallProject) -> None:
    (cached,) = (project.folder / "target" / "parsed").iterdir()
    cached.write_bytes(cached.read_bytes()[:1000])
    assert NOTHING not in project.parse()
    assert not project.is_parsed_anew()


def test_a_read_only_checkout_keeps_it_in_the_home(tmp_path: Path) -> None:
    small = SmallProject(tmp_path).create()
    (tmp_path / "target").write_text("a file, so that no folder can be made")
    assert small.is_parsed_anew()
    assert not small.is_parsed_anew()
    assert len(list((small.home / "parsed").iterdir())) == 1


def test_no_model_or_macro_reads_where_the_engine_is() -> None:
    """The cache is right only as long as the parse does not depend on it."""
    files = [file for folder in ("models", "macros", "tests/dbt") for file in (PROJECT_ROOT / folder).rglob("*.sql")]
    readers = [file for file in files if re.search(r"target\.(host|port|user)|CLICKHOUSE_", file.read_text())]
    assert len(files) > 100
    assert readers == []
