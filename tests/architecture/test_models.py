"""Every model says what one row is, proves its key, and, as a mart, keeps its contract and shows its behaviour.

The sets below are what was missing when a rule came. They may only shrink: a rule compares for equality, so a name
that is no longer missing must be taken out, and a new one is an error.
"""

import re

from tests.architecture.project import Node, Project

SEEDS_WITHOUT_DESCRIPTION: set[str] = set()
MODELS_WITHOUT_DESCRIPTION: set[str] = set()
MODELS_WITHOUT_KEY_TEST: set[str] = set()
MARTS_WITHOUT_CONTRACT: set[str] = set()
MARTS_WITHOUT_UNIT_TEST: set[str] = set()
# Counts that are expected or estimated, and so no whole numbers.
COLUMNS_OF_ANOTHER_TYPE = {
    "agg_content_effectiveness.expected_completed_count is Nullable(Float64)",
    "dim_activities.word_count is Nullable(Float64)",
}

# Ending of a column's name → the type that it promises.
TYPES = {
    "_id": r"(LowCardinality\()?(Nullable\()?String\)*",
    "_at": r"(Nullable\()?DateTime64\(3, 'UTC'\)\)?",
    "_date": r"(Nullable\()?Date(32)?\)?",
    "_count": r"(Nullable\()?U?Int(32|64)\)?",
    "_ratio": r"(Nullable\()?Float64\)?",
    "_seconds": r"(Nullable\()?(Float64|U?Int(32|64)|Decimal\(18, 3\))\)?",
}
FLAG = r"(Nullable\()?(Bool|UInt8)\)?"


def without_grain(nodes: tuple[Node, ...]) -> set[str]:
    """Nodes whose description does not start with what one row is, or stands elsewhere than beside the model."""
    return {
        node.name
        for node in nodes
        if not node.description.startswith("One row per ")
        or (node.layer != "seed" and node.described_in != re.sub(r"\.sql$", ".yml", node.path))
    }


def without_key_test(nodes: tuple[Node, ...]) -> set[str]:
    return {node.name for node in nodes if not {test for test, _ in node.tests} & {"unique", "unique_combination"}}


def unit_tested_elsewhere(nodes: tuple[Node, ...]) -> list[str]:
    """Files with unit tests of a model that stand neither in its yml nor in one of a theme, `model__theme.yml`."""
    return sorted(
        {
            file
            for node in nodes
            for file in node.unit_tested_in
            if not re.fullmatch(re.escape(node.path.removesuffix(".sql")) + r"(__[a-z0-9_]+)?\.yml", file)
        }
    )


def misnamed_columns(nodes: tuple[Node, ...]) -> list[str]:
    """Columns whose declared type is not the one that their name promises."""
    wrong = []
    for node in nodes:
        for column, declared in node.columns.items():
            is_flag = column.startswith(("is_", "has_"))
            promised = FLAG if is_flag else next((kind for end, kind in TYPES.items() if column.endswith(end)), ".*")
            if declared and not re.fullmatch(promised, declared):
                wrong.append(f"{node.name}.{column} is {declared}")
            if "percent" in column or "_pct" in column:
                wrong.append(f"{node.name}.{column}: shares are ratios of 0..1")
    return wrong


def test_every_model_says_what_one_row_is(project: Project):
    assert without_grain(project.models) == MODELS_WITHOUT_DESCRIPTION
    assert without_grain(project.seeds) == SEEDS_WITHOUT_DESCRIPTION


def test_every_model_proves_its_key(project: Project):
    assert without_key_test(project.models + project.seeds) == MODELS_WITHOUT_KEY_TEST


def test_every_mart_has_a_contract_and_shows_its_behaviour(project: Project):
    marts = [model for model in project.models if model.is_mart]
    assert {mart.name for mart in marts if not mart.has_contract} == MARTS_WITHOUT_CONTRACT
    assert {mart.name for mart in marts if not mart.unit_tests} == MARTS_WITHOUT_UNIT_TEST


def test_only_what_data_can_break_is_a_warning(project: Project):
    """All other data tests guard our SQL: the job fails with them."""
    assert {test for test, severity in project.severities if severity == "warn"} == {"relationships", "set_included"}
    assert {severity for _, severity in project.severities} == {"warn", "error"}


def test_every_mart_is_a_table(project: Project):
    """A view over joins reads otherwise under another session's `join_use_nulls`, and dashboards wait for it."""
    assert [model.name for model in project.models if model.is_mart and "view" in model.materialized] == []


def test_what_a_run_touches_is_consumed_by_the_most_frequent_job(project: Project):
    """What only the nightly job built would leave everything touched all day, and each run would recompute it."""
    rare = [
        model.name
        for model in project.models
        if (model.recomputes_units or "touched_set" in model.tags) and "near_real_time" not in model.tags
    ]
    assert rare == []
    assert {model.materialized for model in project.models if model.recomputes_units} == {"touched"}


def test_what_asks_for_touched_units_says_what_they_replace(project: Project):
    calls = [f"{macro.name}(" for macro in project.macros if "is_touched_build()" in macro.sql]
    assert "is_touched_build(" in calls
    asking = {model.name for model in project.models if any(call in model.sql for call in calls)}
    assert asking == {model.name for model in project.models if model.recomputes_units}


def test_a_columns_type_is_what_its_name_promises(project: Project):
    assert set(misnamed_columns(project.models)) == COLUMNS_OF_ANOTHER_TYPE


def test_unit_tests_are_sentences(project: Project):
    names = [name for model in project.models for name in model.unit_tests]
    assert [name for name in names if not re.fullmatch(r"test(_[a-z0-9]+){4,}", name)] == []


def test_unit_tests_stand_beside_their_model(project: Project):
    assert unit_tested_elsewhere(project.models) == []


def test_a_unit_test_that_stands_elsewhere_is_found():
    files = ("m/fct_a.yml", "m/fct_a__theme.yml", "m/fct_ab.yml", "m/_models.yml", "n/fct_a__theme.yml")
    assert unit_tested_elsewhere((Node("fct_a", "fct", "m/fct_a.sql", unit_tested_in=files),)) == [
        "m/_models.yml",
        "m/fct_ab.yml",
        "n/fct_a__theme.yml",
    ]


def test_a_model_without_grain_key_or_its_own_yml_is_found():
    good = Node("fct_a", "fct", "m/fct_a.sql", description="One row per a.", described_in="m/fct_a.yml")
    far = Node("fct_b", "fct", "m/fct_b.sql", description="One row per b.", described_in="m/_models.yml")
    mute = Node("fct_c", "fct", "m/fct_c.sql", described_in="m/fct_c.yml", tests=(("unique", "a_id"),))
    assert without_grain((good, far, mute)) == {"fct_b", "fct_c"}
    assert without_key_test((good, mute)) == {"fct_a"}


def test_a_column_of_the_wrong_type_is_found():
    columns = {"a_id": "UInt64", "b_at": "DateTime", "is_c": "String", "d_count": "UInt64", "e_percent": "Float64"}
    assert [sentence.split()[0] for sentence in misnamed_columns((Node("m", "fct", columns=columns),))] == [
        "m.a_id",
        "m.b_at",
        "m.is_c",
        "m.e_percent:",
    ]
