"""The answer does not depend on where or when it is computed.

Born from a retention table that lost a week at each rebuild: its last week was `toMonday(now())`, so the same data
gave another answer on another day. What is complete is a fact of the data (`agg_data_watermark`), not of the clock.
"""

import re

import yaml

from tests.architecture.project import ROOT, Macro, Node, Project

CLOCK_AND_DICE = re.compile(
    r"\b(now|now64|nowInBlock\w*|today|yesterday|current_date|current_timestamp|UTCTimestamp|rand|rand32|rand64|randUniform|"
    r"randCanonical|generateUUIDv[47]|generateULID|hostName|currentUser|currentDatabase|rowNumberInAllBlocks|rowNumberInBlock|"
    r"blockNumber|any|anyLast|first_value_respect_nulls|timezone|serverTimezone)\s*\(",
    re.IGNORECASE,
)
STATEFUL = re.compile(r"\bover\s*[(\w]|\blimit\s+\d+\s+by\b|\bjoin\b|\b(lag|lead)InFrame\b|\bneighbor\(", re.IGNORECASE)
# A repair of the engine, and what replicas are waited for: none is a preference, none changes a row (profiles.yml).
PROFILE_SETTINGS = {
    "use_query_condition_cache",
    "database_replicated_enforce_synchronous_settings",
    "insert_quorum",
}
# What a target may leave unsaid; each is a choice between warehouses, never a value of one.
OPTIONAL_ENVIRONMENT = {"WAREHOUSE_TARGET", "CLICKHOUSE_SECURE", "WAREHOUSE_SCHEMA"}


def unstable_functions(parts: tuple[Node | Macro, ...]) -> list[str]:
    """Calls whose result depends on the clock, on chance, on the machine or on the order of rows.

    `any` and its kin over a window are fine: the window's order decides.
    """
    return [
        f"{part.path}: {call.group(1)}()"
        for part in parts
        for call in CLOCK_AND_DICE.finditer(part.sql)
        if not re.match(r"\s*over\b", part.sql[_end_of_call(part.sql, call.end()) :])
    ]


def _end_of_call(sql: str, start: int) -> int:
    """Position after the bracket that closes the one before `start`."""
    depth = 1
    for position in range(start, len(sql)):
        depth += {"(": 1, ")": -1}.get(sql[position], 0)
        if depth == 0:
            return position + 1
    return len(sql)


def stateful_views(models: tuple[Node, ...]) -> list[str]:
    """Materialized views see one inserted block: a play and its pause in two inserts would never pair."""
    return [model.name for model in models if model.materialized == "materialized_view" and STATEFUL.search(model.sql)]


def environment_fallbacks(profiles: str) -> list[str]:
    """Variables of the profile that have a default."""
    defaulted = re.findall(r"env_var\(\s*['\"](\w+)['\"]\s*,", profiles)
    return sorted(set(defaulted) - OPTIONAL_ENVIRONMENT)


def profile_settings(profiles: dict) -> set[str]:
    """Session settings that a profile gives to every query."""
    outputs = profiles["warehouse"]["outputs"].values()
    return {name for output in outputs for name in output.get("custom_settings", {})}


def test_no_model_asks_the_clock_or_throws_dice(project: Project):
    assert unstable_functions(project.models + project.macros) == []


def test_now_any_and_rand_are_found():
    bad = Node(
        "fct_a", "fct", path="a.sql", sql="select toMonday(now()), any(x), rand64(), anyLast((y)) over w, f(today())"
    )
    assert unstable_functions((bad,)) == ["a.sql: now()", "a.sql: any()", "a.sql: rand64()", "a.sql: today()"]


def test_materialized_views_hold_no_state(project: Project):
    assert stateful_views(project.models) == []


def test_a_window_in_a_materialized_view_is_found():
    sql = "select sum(x) over (partition by y) from t"
    nodes = (Node("fct_a", "fct", sql=sql, materialized="materialized_view"), Node("fct_b", "fct", sql=sql))
    assert stateful_views(nodes) == ["fct_a"]


def test_profiles_change_no_result_and_borrow_no_value():
    text = (ROOT / "profiles" / "profiles.yml").read_text()
    assert environment_fallbacks(text) == []
    assert profile_settings(yaml.safe_load(text)) <= PROFILE_SETTINGS


def test_a_fallback_and_a_session_setting_are_found():
    assert environment_fallbacks("host: \"{{ env_var('CLICKHOUSE_HOST', 'localhost') }}\"") == ["CLICKHOUSE_HOST"]
    profiles = {"warehouse": {"outputs": {"local": {"custom_settings": {"join_use_nulls": 1}}}}}
    assert profile_settings(profiles) == {"join_use_nulls"}
