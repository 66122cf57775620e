"""The project as the architecture tests look at it: dbt's manifest in plain words, and the files of the repository."""

import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_COMMENT = re.compile(r"{#.*?#}|--[^\n]*|/\*.*?\*/", re.DOTALL)


@dataclass(frozen=True)
class Node:
    """A model or seed, with what it reads and what is said about it."""

    name: str
    layer: str  # source, seed, stg, int, dim, fct, agg; '' for a name that has no layer
    path: str = ""
    sql: str = ""  # without comments
    materialized: str = "table"
    recomputes_units: bool = False
    reads: tuple["Node", ...] = field(default=(), repr=False)  # shown, a mart would be the whole project
    description: str = ""
    described_in: str = ""
    columns: dict[str, str] = field(default_factory=dict)  # name → declared type
    undescribed: tuple[str, ...] = ()  # columns without a description
    tests: tuple[tuple[str, str], ...] = ()  # (test, column; '' for the whole model)
    unit_tests: tuple[str, ...] = ()
    unit_tested_in: tuple[str, ...] = ()  # files, one for each of these
    has_contract: bool = False
    tags: tuple[str, ...] = ()

    @property
    def is_mart(self) -> bool:
        return self.path.startswith("models/marts/")


@dataclass(frozen=True)
class Macro:
    """A macro of the project, with its SQL without comments."""

    name: str
    path: str
    sql: str
    description: str


@dataclass(frozen=True)
class Project:
    """Everything dbt knows about the project."""

    models: tuple[Node, ...]
    seeds: tuple[Node, ...]
    macros: tuple[Macro, ...]
    databases: frozenset[str]
    severities: frozenset[tuple[str, str]]  # (data test, severity)


def layer_of(name: str, resource_type: str = "model") -> str:
    """The layer that a node's name declares."""
    if resource_type in ("source", "seed"):
        return resource_type
    prefix = name.partition("_")[0]
    return prefix if prefix in ("stg", "int", "dim", "fct", "agg") else ""


def without_comments(sql: str) -> str:
    """The SQL with comments taken out, lines kept."""
    return _COMMENT.sub(lambda match: "\n" * match.group().count("\n"), sql)


def read_manifest(path: Path) -> Project:
    """The project from dbt's manifest.json."""
    manifest = json.loads(path.read_text())
    raw_nodes = manifest["nodes"] | manifest["sources"]
    own = {key: raw for key, raw in raw_nodes.items() if raw["resource_type"] in ("model", "seed", "source")}
    tests = [raw for raw in raw_nodes.values() if raw["resource_type"] == "test"]
    unit_tests = list(manifest["unit_tests"].values())

    @cache  # Each is read by many: without it, every path through the project would be a copy of its own.
    def node(key: str) -> Node:
        raw = own[key]
        return Node(
            name=raw["name"],
            layer=layer_of(raw["name"], raw["resource_type"]),
            path=raw["original_file_path"],
            sql=without_comments(raw.get("raw_code") or ""),
            materialized=raw["config"].get("materialized", ""),
            recomputes_units=bool(raw["config"].get("replaces")),
            reads=tuple(node(read) for read in raw.get("depends_on", {}).get("nodes", [])),
            description=(raw["description"] or "").strip(),
            described_in=(raw.get("patch_path") or "").partition("://")[2],
            columns={name: column["data_type"] or "" for name, column in raw["columns"].items()},
            undescribed=tuple(name for name, column in raw["columns"].items() if not column["description"].strip()),
            tests=tuple(
                (test["test_metadata"]["name"], test.get("column_name") or "")
                for test in tests
                if test.get("attached_node") == key and test.get("test_metadata")
            ),
            unit_tests=tuple(test["name"] for test in unit_tests if test["model"] == raw["name"]),
            unit_tested_in=tuple(test["original_file_path"] for test in unit_tests if test["model"] == raw["name"]),
            tags=tuple(raw.get("tags", ())),
            has_contract=bool(raw.get("contract", {}).get("enforced")),
        )

    project_name = manifest["metadata"]["project_name"]
    macros = tuple(
        Macro(raw["name"], raw["original_file_path"], without_comments(raw["macro_sql"]), raw["description"].strip())
        for raw in manifest["macros"].values()
        if raw["package_name"] == project_name
    )
    return Project(
        models=tuple(node(key) for key, raw in own.items() if raw["resource_type"] == "model"),
        seeds=tuple(node(key) for key, raw in own.items() if raw["resource_type"] == "seed"),
        macros=macros,
        databases=frozenset(raw["schema"] for raw in own.values()),
        severities=frozenset(
            (test.get("test_metadata", test)["name"], test["config"]["severity"].lower()) for test in tests
        ),
    )


def repository_files(*suffixes: str) -> Iterator[Path]:
    """Files that are in the repository or would be with the next commit, below any folder."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    for name in listed:
        path = ROOT / name
        if path.is_file() and (not suffixes or path.suffix in suffixes):
            yield path
