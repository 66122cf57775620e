"""A number has one definition: a macro with its words, a threshold in the vars, an IRI in a seed."""

import re
from pathlib import Path

import yaml

from tests.architecture.project import ROOT, Macro, Project, repository_files, without_comments

IRI = re.compile(r"https?://(?:[\w-]+\.)+[a-z]{2,}/[^\s'\"`)]*", re.IGNORECASE)
VAR_LINE = re.compile(r"^  (?P<name>\w+): (?P<value>\S+)\s*(?P<comment>#.*)?$")
UNITS = (
    "minutes|hours|seconds|days|weeks|ratio|factor|learners|events|lines|sessions|answers|bins|parts|rate|words|switch|"
    "probability|index|resamples|number"
)


# What dbt gives to every macro: one of the same name hides it, in dbt's own macros too, without a message.
DBT_GIVES = frozenset(
    [
        "adapter",
        "builtins",
        "config",
        "context_macro_stack",
        "database",
        "dbt_version",
        "diff_of_two_dicts",
        "doc",
        "env_var",
        "exceptions",
        "execute",
        "flags",
        "fromjson",
        "fromyaml",
        "graph",
        "invocation_args_dict",
        "invocation_id",
        "local_md5",
        "log",
        "metric",
        "model",
        "modules",
        "node_relation",
        "post_hooks",
        "pre_hooks",
        "print",
        "project_name",
        "ref",
        "render",
        "return",
        "run_query",
        "run_started_at",
        "schema",
        "schemas",
        "selected_resources",
        "set",
        "set_strict",
        "source",
        "sql",
        "store_raw_result",
        "store_result",
        "statement",
        "submit_python_job",
        "target",
        "this",
        "thread_id",
        "tojson",
        "toyaml",
        "try_or_compiler_error",
        "validation",
        "var",
        "write",
        "zip",
        "zip_strict",
    ]
)


def undocumented(macros: tuple[Macro, ...]) -> list[str]:
    """Metric macros without words that the docs site shows; one whose name starts with _ is a part of another."""
    return [
        macro.name
        for macro in macros
        if macro.path.startswith("macros/metrics/") and not macro.name.startswith("_") and not macro.description
    ]


def unused_vars(names: list[str], sql: str) -> list[str]:
    """Thresholds that nothing reads: people would turn them and nothing would move."""
    return [name for name in names if not re.search(rf"""\bvar\(\s*["']{name}["']""", sql)]


def unknown_vars(names: list[str], sql: str) -> list[str]:
    """Thresholds that are read but not set, which dbt only says when the model runs."""
    return sorted(set(re.findall(r"""\bvar\(\s*["'](\w+)["']""", sql)) - set(names))


def vars_with_default(sql: str) -> list[str]:
    """A default in the SQL is a second place for the same number."""
    return re.findall(r"""\bvar\(\s*["'](\w+)["']\s*,""", sql)


def vars_without_reason(text: str) -> list[str]:
    """Lines of the vars without a unit beside the value."""
    lines = [VAR_LINE.match(line) for line in text.partition("\nvars:\n")[2].splitlines()]
    return [
        line["name"]
        for line in lines
        if line and not re.search(rf"\b({UNITS})\b", line["comment"] or "", re.IGNORECASE)
    ]


def iris(path: Path, text: str) -> list[str]:
    """IRIs in code; `//` in one is no comment."""
    return [f"{path.name}: {iri}" for iri in IRI.findall(without_comments(text))]


def test_no_macro_hides_what_dbt_gives(project: Project):
    """One called `flags` did, and `--full-refresh` of a model was taken for no refresh."""
    assert {macro.name for macro in project.macros} & DBT_GIVES == set()


def test_every_metric_macro_has_its_doc_block(project: Project):
    assert undocumented(project.macros) == []


def test_a_metric_macro_without_words_is_found():
    macros = (Macro("ratio", "macros/metrics/ratio.sql", "", ""), Macro("key", "macros/keys/key.sql", "", ""))
    assert undocumented(macros) == ["ratio"]


def test_each_threshold_is_used_and_each_used_one_is_set():
    """Limits of the gate and of the churn model are fields of `Thresholds` and `Limits`, each with tests."""
    names, sql = list(_settings()["vars"]), _sql()
    assert [
        name for name in unused_vars(names, sql) if not name.startswith(("gate_", "churn_model_", "retention_"))
    ] == []
    assert unknown_vars(names, sql) == []
    assert vars_with_default(sql) == []


def test_an_unused_and_an_unset_threshold_are_found():
    sql = """{{ var("used") }} {{ var('unset', 3) }}"""
    assert unused_vars(["used", "idle"], sql) == ["idle"]
    assert unknown_vars(["used", "idle"], sql) == ["unset"]
    assert vars_with_default(sql) == ["unset"]


def test_each_threshold_says_its_unit():
    assert vars_without_reason((ROOT / "dbt_project.yml").read_text()) == []


def test_a_threshold_without_its_unit_is_found():
    assert vars_without_reason("a: 1\nvars:\n  gap: 30  # minutes, 5..60\n  size: 10\n  width: 3 # big\n") == [
        "size",
        "width",
    ]


def test_iris_live_in_seeds_only():
    """Outside: the simulator, which is a sender of statements, and tests."""
    places = [
        *(ROOT / "models").rglob("*.sql"),
        *(ROOT / "macros").rglob("*.sql"),
        *(path for path in (ROOT / "orchestration").rglob("*.py") if "simulate" not in path.parts),
    ]
    assert [iri for path in places for iri in iris(path, path.read_text())] == []


def test_an_iri_in_a_model_is_found_and_one_in_a_comment_is_not():
    assert iris(Path("a.sql"), "verb = 'http://adlnet.gov/expapi/verbs/played'") == [
        "a.sql: http://adlnet.gov/expapi/verbs/played"
    ]
    assert iris(Path("a.sql"), "{# see https://w3id.org/xapi/video #} select 1") == []


def _settings() -> dict:
    return yaml.safe_load((ROOT / "dbt_project.yml").read_text())


def _sql() -> str:
    folders = tuple(str(ROOT / folder) for folder in ("models", "macros", "tests/dbt"))
    return "\n".join(path.read_text() for path in repository_files(".sql") if str(path).startswith(folders))
