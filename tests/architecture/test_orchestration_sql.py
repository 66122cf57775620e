"""Python moves bytes, counts rows and asks the ledger; what a number means is said in dbt only."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.project import ROOT

# Database → the rooms of orchestration/ whose SQL may name its tables.
MAY_NAME = {
    "raw": {"loading", "expectations", "commands", "erasure"},
    "ops": {"loading", "expectations", "commands", "churn", "erasure"},
    "marts": {
        *("loading", "expectations", "checks", "simulate", "commands", "briefs", "questions", "churn", "dashboards"),
    },
    # Which line a pseudonym comes from: staging alone has both.
    "staging": {"erasure"},
    "intermediate": set(),
    "seeds": set(),
}
TABLE = re.compile(
    r"\b(?:from|join|into|table|update|in)\s+\(?`?(raw|ops|marts|staging|intermediate|seeds)`?\.`?(\w+)", re.I
)
STATEMENT = re.compile(r"\b(create (?:or replace )?(?:table|view|materialized view|dictionary)|alter table)\b", re.I)
# Where rows must leave the disk, and not only the answers: tables are rewritten there, none gets another shape.
MAY_REWRITE = {"erasure/holdings.py", "erasure/rotation.py", "erasure/tables.py", "loading/steps/collect.py"}
# The loading room may read how far the marts reach and how late their events came, for `status`; nothing else of them.
LOADING_READS = {"agg_data_watermark", "fct_event_deliveries"}


def texts(code: str) -> Iterator[str]:
    """Every string of the code that is not a docstring; an f-string with its holes left empty."""
    tree = ast.parse(code)
    silent = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    inside = {
        id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in ast.walk(node)
    } - silent
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(part.value if isinstance(part, ast.Constant) else "" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in silent | inside:
            yield node.value


def trespasses(room: str, code: str) -> list[str]:
    """Tables that this room has no business with."""
    tables = [match.groups() for text in texts(code) for match in TABLE.finditer(text)]
    return [
        f"{database}.{table}"
        for database, table in tables
        if room not in MAY_NAME[database.lower()]
        or (room == "loading" and database.lower() == "marts" and table not in LOADING_READS)
    ]


def shapes(code: str) -> list[str]:
    """DDL in Python."""
    return [match.group(1) for text in texts(code) for match in STATEMENT.finditer(text)]


def modules() -> list[Path]:
    return sorted((ROOT / "orchestration").rglob("*.py"))


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT / "orchestration")))
def test_each_room_reads_its_own_tables(path: Path):
    relative = path.relative_to(ROOT / "orchestration")
    room = relative.parts[0].removesuffix(".py")
    assert trespasses(room, path.read_text()) == []
    if str(relative) in MAY_REWRITE:
        return
    assert shapes(path.read_text()) == [], "tables are created in loading/ledger/raw_tables/*.sql, and by dbt"


def test_a_read_of_staging_is_found():
    code = '"""from staging.docstring"""\nx = f"select count() from staging.stg_xapi__statements where {y}"'
    assert trespasses("loading", code) == ["staging.stg_xapi__statements"]
    assert trespasses("sensors", "x = 'select 1 from a join marts.fct_sessions as b'") == ["marts.fct_sessions"]
    assert trespasses("loading", "x = 'from marts.agg_data_watermark', 'from marts.fct_sessions'") == [
        "marts.fct_sessions"
    ]
    assert trespasses("loading", "x = 'insert into raw.event_lines select 1 from ops.load_plan'") == []


def test_ddl_in_python_is_found():
    assert shapes("x = 'create table x (y Int8)'") == ["create table"]


def test_ddl_is_of_raw_and_the_ledger_only():
    created = re.compile(r"create (?:or replace )?(?:table|view)(?: if not exists)? (\w+)\.", re.IGNORECASE)
    for path in (ROOT / "orchestration").rglob("*.sql"):
        # The operational database is not the warehouse's: its schema is the real-time path's own.
        own = {"realtime"} if "realtime" in path.relative_to(ROOT).parts else {"raw", "ops"}
        assert set(created.findall(path.read_text())) <= own, path.name


def test_dbt_never_loads_files():
    """A file that a model reads is on no ledger."""
    reader = re.compile(r"\b(s3|s3Cluster|url|file|gcs|hdfs|remote|remoteSecure|infile)\s*\(", re.IGNORECASE)
    for path in [*(ROOT / "models").rglob("*.sql"), *(ROOT / "macros").rglob("*.sql")]:
        assert reader.findall(path.read_text()) == [], path.name
