"""Who may read whom. A shortcut round the facts is how two marts come to give two numbers for one question."""

import re

from tests.architecture.project import Macro, Node, Project

MAY_READ = {
    "stg": {"source", "seed"},
    "int": {"stg", "int", "seed"},
    "dim": {"stg", "int", "dim", "fct", "seed"},
    "fct": {"stg", "int", "dim", "fct", "seed"},
    "agg": {"dim", "fct", "agg"},
}
# The snapshot of live objects that all models of a run work on: staging parses what is live in it.
READ_BY_ALL = {"int_object_states"}
# Days and courses that an aggregate recomputes: which, never with what.
READ_BY_AGGREGATES = {"int_touched_days", "int_touched_courses"}
# A course is touched where the progress of its learners is, and a unit where it lies in a touched module.
READS_MARTS = {"int_touched_courses", "int_touched_units"}
# What an object held that is not live any more is touched as well.
READS_DEAD_LINES = {"int_touched_points", "int_touched_views"}
# What the engine says of tables: no data, and there on every target. Materializations ask for it.
ABOUT_TABLES = {"system.tables", "system.columns"}
MARTS = ("dim", "fct", "agg")
FOLDERS = {"stg": "models/staging/", "int": "models/intermediate/", **dict.fromkeys(MARTS, "models/marts/")}
NAMES = {
    "stg": r"stg_[a-z0-9]+(_[a-z0-9]+)*__[a-z0-9_]+s",
    "int": r"int_[a-z0-9_]+?(__[a-z0-9_]+)?",
    **{layer: rf"{layer}_[a-z0-9_]+" for layer in MARTS},
}


def forbidden_reads(models: tuple[Node, ...]) -> list[str]:
    """Reads that go upward, sideways round the facts, or past staging."""
    return [
        f"{model.name} reads {read.name}: {model.layer} may read {', '.join(sorted(MAY_READ.get(model.layer, ())))}"
        for model in models
        for read in model.reads
        if read.layer not in MAY_READ.get(model.layer, ())
        and read.name not in READ_BY_ALL
        and not (model.layer == "agg" and read.name in READ_BY_AGGREGATES)
        and not (model.name in READS_MARTS and read.layer in ("dim", "fct"))
    ]


def blind_to_death(models: tuple[Node, ...]) -> list[str]:
    """Readers of parsed lines that do not ask which objects are live: lines of overwritten ones stay for a while."""
    return [
        model.name
        for model in models
        if "stg_xapi__statements" in (names := {read.name for read in model.reads})
        and not names & READ_BY_ALL
        and model.name not in READS_DEAD_LINES
    ]


def misplaced(models: tuple[Node, ...]) -> list[str]:
    """Models whose name and folder disagree."""
    return [
        f"{model.path}: a model here is named {NAMES.get(model.layer, 'stg_, int_, dim_, fct_ or agg_…')}"
        for model in models
        if model.layer not in FOLDERS
        or not model.path.startswith(FOLDERS[model.layer])
        or not re.fullmatch(NAMES[model.layer], model.name)
    ]


def joining_staging(models: tuple[Node, ...]) -> list[str]:
    """Staging models that join: they rename, type and flag one source."""
    return [
        model.name
        for model in models
        if model.layer == "stg"
        and re.search(r"(?<!array )\bjoin\b", model.sql.replace("left array join", "array join"))
    ]


def database_literals(parts: tuple[Node | Macro, ...], databases: frozenset[str]) -> list[str]:
    """Tables named by their database in SQL: lineage does not see them, and another target has other databases."""
    names = "|".join(sorted(databases | {"system", "default", "information_schema"}))
    literal = re.compile(rf"\b(?:from|(?<!array )join|in)\s+\(?\s*((?:`?)(?:{names})(?:`?)\.`?\w+)", re.IGNORECASE)
    return [
        f"{part.path}: {table}"
        for part in parts
        for table in literal.findall(part.sql)
        if not (isinstance(part, Macro) and table in ABOUT_TABLES)
    ]


def test_models_read_only_what_lies_below_them(project: Project):
    assert forbidden_reads(project.models) == []


def test_an_aggregate_on_a_staging_model_is_found():
    staging, fact = Node("stg_xapi__statements", "stg"), Node("fct_sessions", "fct")
    bad = Node("agg_daily_activity", "agg", reads=(staging, fact))
    assert len(forbidden_reads((bad,))) == 1
    assert len(forbidden_reads((Node("int_x__done", "int", reads=(Node("statements", "source"), fact)),))) == 2


def test_readers_of_parsed_lines_ask_which_are_live(project: Project):
    assert blind_to_death(project.models) == []


def test_a_reader_of_all_parsed_lines_is_found():
    lines, states = Node("stg_xapi__statements", "stg"), Node("int_object_states", "int")
    nodes = (Node("fct_a", "fct", reads=(lines,)), Node("fct_b", "fct", reads=(lines, states)))
    assert blind_to_death(nodes) == ["fct_a"]


def test_a_models_folder_is_the_one_of_its_layer(project: Project):
    assert misplaced(project.models) == []


def test_a_mart_in_the_staging_folder_is_found():
    nodes = (Node("fct_a", "fct", path="models/staging/fct_a.sql"), Node("stg_statement", "stg", "models/staging/x"))
    assert len(misplaced(nodes)) == 2


def test_staging_never_joins(project: Project):
    assert joining_staging(project.models) == []


def test_a_join_in_staging_is_found_and_an_array_join_is_none():
    joining = Node("stg_a__bs", "stg", sql="select 1 from a left join b on a.x = b.x")
    assert joining_staging((joining, Node("stg_a__cs", "stg", sql="from a left array join b"))) == ["stg_a__bs"]


def test_no_table_is_named_by_its_database(project: Project):
    assert database_literals(project.models + project.macros, project.databases) == []


def test_a_table_named_by_its_database_is_found():
    bad = Node("int_a__done", "int", path="int_a__done.sql", sql="select 1 from raw.event_lines as a array join a.b")
    assert database_literals((bad,), frozenset({"raw", "a"})) == ["int_a__done.sql: raw.event_lines"]


def test_every_seed_and_staging_model_is_read(project: Project):
    read = {node.name for model in project.models for node in model.reads}
    unread = [
        node.name for node in project.models + project.seeds if node.layer in ("seed", "stg") and node.name not in read
    ]
    assert unread == []
