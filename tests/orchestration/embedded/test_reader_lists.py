"""The lists of what was judged are those of the engine, no more and no less.

A new engine version brings new settings, formats and functions. Until each has its line in a file of
`orchestration/embedded/reader`, readers may not use it, and these tests fail.
"""

from collections.abc import Callable

import pytest

from orchestration.embedded.engine_config import READER_LIMITS
from orchestration.embedded.reader_lists import COMBINATORS, LISTS, ReaderDecision, function_verdict, judged
from orchestration.embedded.reader_rules import HIGHER_ORDER

ASKED = {
    "settings": "select name from system.settings",
    "formats": "select name from system.formats",
    "functions": "select name from system.functions where origin = 'System'",
    "table_functions": "select name from system.table_functions",
    "system_tables": "select name from system.tables where database = 'system'",
}
# Tables of logs that the engine makes once it has something to log.
LOGS = "_log"


def allowed(name: str) -> set[str]:
    return {entry for entry, verdict in judged(name).items() if verdict.verdict != "refused"}


@pytest.mark.parametrize("name", LISTS)
def test_every_entry_of_the_engine_was_judged(query: Callable[..., str], name: str) -> None:
    known = {entry for entry in query(ASKED[name]).split("\n") if entry and not entry.endswith(LOGS)}
    listed = {entry for entry in judged(name) if not entry.endswith(LOGS)}
    assert not known - listed, f"give each a class in orchestration/embedded/reader/{name}.csv"
    assert not listed - known, f"the engine no longer has them; remove them from {name}.csv"


def test_every_combinator_is_known(query: Callable[..., str]) -> None:
    assert set(query("select name from system.aggregate_function_combinators").split()) == set(COMBINATORS)


def test_no_name_is_allowed_in_one_case_and_refused_in_another() -> None:
    functions = judged("functions").items()
    by_name: dict[str, set[bool]] = {}
    for name, verdict in functions:
        by_name.setdefault(name.lower(), set()).add(verdict.is_allowed)
    assert [name for name, verdicts in by_name.items() if len(verdicts) > 1] == []


def test_aliases_have_the_verdict_of_what_they_stand_for(query: Callable[..., str]) -> None:
    rows = query("select name, alias_to from system.functions where alias_to != '' and origin = 'System'")
    pairs = [line.split("\t") for line in rows.splitlines()]
    verdicts = [(name, function_verdict(name), function_verdict(original)) for name, original in pairs]
    assert [name for name, own, others in verdicts if own is None or others is None] == []
    assert [name for name, own, others in verdicts if own and others and own.is_allowed != others.is_allowed] == []


def test_functions_that_take_functions_are_known_by_their_names(query: Callable[..., str]) -> None:
    names = query("select lower(name) from system.functions where higher_order = 1").split()
    assert [name for name in names if not name.startswith(HIGHER_ORDER)] == []


def test_what_the_engine_keeps_from_readonly_users_is_refused(query: Callable[..., str]) -> None:
    """The engine's own judgement; these two only generate zeros, and keep to the limits."""
    kept = set(query("select name from system.table_functions where not allow_readonly").split())
    assert kept & allowed("table_functions") == {"zeros", "zeros_mt"}


@pytest.mark.parametrize(
    "part", ["schema", "template", "file", "path", "url", "s3", "credential", "secret", "outfile", "dialect", "filter"]
)
def test_no_allowed_setting_names_a_place(part: str) -> None:
    assert [name for name in allowed("settings") if part in name] == []


def test_every_limit_has_bounds() -> None:
    assert {name for name, verdict in judged("settings").items() if verdict.verdict == "limited"} == set(READER_LIMITS)


@pytest.mark.parametrize("name", ["sumIf", "SUM", "uniqStateMerge", "quantileTDigestWeightedIf", "countIfOrNull"])
def test_combinators_of_allowed_aggregates_are_allowed(name: str) -> None:
    verdict = function_verdict(name)
    assert isinstance(verdict, ReaderDecision)
    assert verdict.is_allowed


@pytest.mark.parametrize("name", ["lowerIf", "fileIf", "neverHeardOf", "groupFormatIf", "flameGraphState"])
def test_nothing_else_becomes_allowed_by_its_end(name: str) -> None:
    verdict = function_verdict(name)
    assert verdict is None or not verdict.is_allowed
