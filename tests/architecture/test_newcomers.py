"""What a new video verb, column, var, model or kind of drop still lacks, as a sentence that names the file to change.

The recipes are in docs/how-to-change-things.md.
"""

import csv
import json
import re
from collections.abc import Iterable, Iterator

import pytest

from orchestration.drop_kinds import DROP_KINDS, DropKind
from tests.architecture.project import ROOT, Node, Project
from tests.orchestration.contract.mutants import LINES_OF_KIND

INTERVALS = "models/intermediate/int_watch_intervals__classified.sql"
# Verbs of the group `video` that say nothing about where the player is; each with its reason.
WITHOUT_INTERVALS = {"watched": "one statement about a whole viewing: it has no position to pair with another"}
VAR_LINE = re.compile(r"^  (?P<name>\w+): (?P<value>[^#]*?)\s*(# (?P<words>.*))?$")
WITHOUT_RANGE = {"refresh_months", "mail_addresses_ignore_case"}  # a list of months, a switch


def lacks_of_video_verb(verb: str, intervals_sql: str, families: set[tuple[str, str]], unit_tests: str) -> list[str]:
    """What a verb of the group `video` lacks for the watch intervals."""
    sentences = []
    if intervals_sql.count(f"'{verb}'") < 2:
        sentences.append(
            f"The video verb {verb} has no interval rule. Add it to the verbs and to their order (verb_rank) in "
            f"{INTERVALS}, and say in state_change whether the player plays after it; or give the reason why it has "
            "none in WITHOUT_INTERVALS of tests/architecture/test_newcomers.py."
        )
    if ("video", verb) not in families:
        sentences.append(f"The video verb {verb} is not expected of any source. Add it to seeds/event_families.csv.")
    if not re.search(rf"verb: {verb}\b", unit_tests):
        sentences.append(
            f"No unit test has a statement with the video verb {verb}. Add one to "
            f"{INTERVALS.replace('.sql', '__<theme>.yml')}."
        )
    return sentences


def lacks_of_model(node: Node) -> list[str]:
    """What a model lacks in its yml."""
    yml = node.path.replace(".sql", ".yml")
    sentences = []
    if not node.description.startswith("One row per "):
        sentences.append(
            f"{node.name} does not say what one row is. Start its description in {yml} with 'One row per'."
        )
    if not {test for test, _ in node.tests} & {"unique", "unique_combination"}:
        sentences.append(f"{node.name} does not prove its key. Add unique or unique_combination to {yml}.")
    if node.is_mart and not node.has_contract:
        sentences.append(f"{node.name} has no contract. Add config: contract: enforced: true to {yml}.")
    if node.is_mart and not node.unit_tests:
        sentences.append(f"{node.name} has no unit test. Add one below unit_tests of {yml}.")
    if not node.columns:
        sentences.append(f"{node.name} lists no columns. Add them to {yml}, in the order of the select.")
    return sentences + [
        f"{node.name}.{column} has no description. Add it to {yml}: what it means, its unit, when it is NULL."
        for column in node.undescribed
    ]


def lacks_of_var(line: str) -> list[str]:
    """What a line of the vars in dbt_project.yml lacks: a unit, a range, a reason."""
    match = VAR_LINE.match(line)
    if match is None:
        return []
    words = match["words"] or ""
    facts, _, reason = words.partition(": ")
    where = "in the comment beside it in dbt_project.yml ('# minutes, 5..240: why this value')"
    sentences = []
    if not re.match(r"[a-z]", facts, re.IGNORECASE):
        sentences.append(f"The var {match['name']} has no unit. Write it {where}.")
    if match["name"] not in WITHOUT_RANGE and not re.search(r"-?\d+\.\.", facts):
        sentences.append(f"The var {match['name']} has no range. Write it {where}.")
    if not reason and match["name"] not in WITHOUT_REASON:
        sentences.append(f"The var {match['name']} has no reason. Write it {where}.")
    return sentences


def lacks_of_kind(kind: DropKind) -> list[str]:
    """What a kind of drop lacks besides its entry in orchestration/drop_kinds.py, in the order in which to add it."""
    return [f"The kind of drop {kind.name} {lack}" for lack in (*_lacks_of_contract(kind), *_lacks_of_use(kind))]


def _lacks_of_contract(kind: DropKind) -> Iterator[str]:
    """What says which lines are right."""
    schema = f"orchestration/contract/schemas/{kind.schema}.schema.json"
    reasons = {rule["x-reason"] for rule in json.loads(_text(schema) or '{"allOf": []}')["allOf"]}
    if not reasons:
        yield f"has no schema. Write {schema} with one entry of allOf for each reason to refuse a line."
    for reason in sorted(reasons - _column("quarantine_reasons", "reason")):
        yield f"refuses lines for {reason}. Explain that in seeds/quarantine_reasons.csv."
    for family in sorted(kind.families.keys() - _column("event_fields", "family")):
        yield f"asks for no field of {family}. Add at least one to seeds/event_fields.csv."
    accepted = f"orchestration/contract/examples/{kind.name}.ndjson"
    if not kind.has_statements and not _text(accepted):
        yield f"has no example. Write {accepted}."
    rejected = "orchestration/contract/examples/rejected.json"
    if kind.name not in {example["kind"] for example in json.loads(_text(rejected))}:
        yield f"has no refused example. Add one for each reason to {rejected}."
    if kind.name not in LINES_OF_KIND:
        yield (
            "has no damaged lines to compare `check` and staging on. Add a strategy to LINES_OF_KIND in "
            "tests/orchestration/contract/mutants.py."
        )


def _lacks_of_use(kind: DropKind) -> Iterator[str]:
    """What reads the lines, or may."""
    if not _text(kind.staging_path):
        yield f"has no staging model. Write {kind.staging_path} and its yml, with the column quarantine_reason."
    sources, table = "models/staging/_sources.yml", kind.raw_table.removeprefix("raw.")
    if f"- name: {table}\n" not in _text(sources):
        yield f"is no source of dbt. Add {table} to {sources}."
    refused = "models/marts/quality/fct_quarantined_lines.sql"
    if f'ref("{kind.staging_model}")' not in _text(refused):
        yield f"has refused lines that no mart shows. Add {kind.staging_model} to {refused}."
    fields = "models/marts/quality/dim_event_fields.sql"
    for family in sorted(kind.families) if not kind.has_statements else ():
        if f"'{family}'" not in _text(fields):
            yield f"has the family {family}, which no event has. Leave it out by name in {fields}."
    if kind.retention_var and f"\n  {kind.retention_var}: " not in _text("dbt_project.yml"):
        yield f"is kept as long as {kind.retention_var} says. Add that var to dbt_project.yml."
    for policy in ("lake-loader.json", "lake-writer.json"):
        if f"/{kind.prefix}*" not in _text(f"orchestration/deployment/access/{policy}"):
            yield f"may not be touched by the roles of a team. Add {kind.prefix}* to deployment/access/{policy}."
    if f"\n{kind.prefix}" not in _text("docs/loading.md"):
        yield "is not documented. Add its folder and fields to the picture of the lake in docs/loading.md."


def _text(path: str) -> str:
    """Of the project's file; empty without one."""
    return (ROOT / path).read_text() if (ROOT / path).exists() else ""


def _column(seed: str, name: str) -> set[str]:
    with (ROOT / f"seeds/{seed}.csv").open() as file:
        return {row[name] for row in csv.DictReader(file)}


# Vars whose name and unit say it all, and whose value is explained by the var before them. They may only become fewer.
WITHOUT_REASON = {
    "hot_spot_q",
    "hot_spot_min_at_risk",
    "rapid_guess_max_seconds",
    "grade_b_min",
    "grade_c_min",
    "grade_d_min",
}


def _video_verbs() -> set[str]:
    with (ROOT / "seeds/xapi_verbs.csv").open() as file:
        return {row["verb"] for row in csv.DictReader(file) if row["verb_group"] == "video"}


def _families() -> set[tuple[str, str]]:
    with (ROOT / "seeds/event_families.csv").open() as file:
        return {(row["family"], row["verb"]) for row in csv.DictReader(file)}


def _said(sentences: Iterable[str]) -> str:
    return "\n".join(sentences)


def test_no_video_verb_lacks_anything():
    intervals = (ROOT / INTERVALS).read_text()
    unit_tests = "\n".join(path.read_text() for path in (ROOT / INTERVALS).parent.glob("int_watch_intervals__*.yml"))
    sentences = [
        sentence
        for verb in sorted(_video_verbs() - WITHOUT_INTERVALS.keys())
        for sentence in lacks_of_video_verb(verb, intervals, _families(), unit_tests)
    ]
    assert not sentences, _said(sentences)


def test_no_model_or_column_lacks_anything(project: Project):
    sentences = [sentence for node in project.models for sentence in lacks_of_model(node)]
    assert not sentences, _said(sentences)


def test_no_var_lacks_anything():
    lines = (ROOT / "dbt_project.yml").read_text().partition("\nvars:\n")[2].splitlines()
    sentences = [sentence for line in lines for sentence in lacks_of_var(line)]
    assert not sentences, _said(sentences)


@pytest.mark.parametrize("kind", DROP_KINDS)
def test_no_kind_of_drop_lacks_anything(kind: str):
    assert not lacks_of_kind(DROP_KINDS[kind]), _said(lacks_of_kind(DROP_KINDS[kind]))


def test_a_new_kind_of_drop_is_told_what_it_lacks(monkeypatch: pytest.MonkeyPatch):
    made_up = DropKind(
        "made_up",
        "raw.made_up_lines",
        "stg_made_up__things",
        {"made_up": "Made up"},
        retention_var="retention_made_up_days",
    )
    monkeypatch.setitem(DROP_KINDS, "made_up", made_up)
    told = lacks_of_kind(DROP_KINDS["made_up"])
    files = [
        "orchestration/contract/schemas/made_up.schema.json",
        "seeds/event_fields.csv",
        "orchestration/contract/examples/made_up.ndjson",
        "orchestration/contract/examples/rejected.json",
        "tests/orchestration/contract/mutants.py",
        "models/staging/made_up/stg_made_up__things.sql",
        "models/staging/_sources.yml",
        "models/marts/quality/fct_quarantined_lines.sql",
        "models/marts/quality/dim_event_fields.sql",
        "dbt_project.yml",
        "deployment/access/lake-loader.json",
        "deployment/access/lake-writer.json",
        "docs/loading.md",
    ]
    assert [(sentence, file) for sentence, file in zip(told, files, strict=True) if file not in sentence] == []
    assert all(sentence.startswith("The kind of drop made_up ") for sentence in told)


def test_a_new_video_verb_is_told_what_it_lacks():
    said = _said(lacks_of_video_verb("buffered", "verb in ('played')", {("video", "played")}, "verb: played"))
    assert "interval rule" in said
    assert "seeds/event_families.csv" in said
    assert "unit test" in said
    assert lacks_of_video_verb("played", "'played' 'played'", {("video", "played")}, "verb: played,") == []


def test_a_new_model_and_column_are_told_what_they_lack():
    bare = Node("agg_a", "agg", "models/marts/m/agg_a.sql", columns={"n_count": "UInt64"}, undescribed=("n_count",))
    said = _said(lacks_of_model(bare))
    for part in ("what one row is", "prove its key", "no contract", "no unit test", "agg_a.n_count has no description"):
        assert part in said
    assert said.count("models/marts/m/agg_a.yml") == 5


def test_a_new_var_is_told_what_it_lacks():
    assert [sentence.split(". ")[0] for sentence in lacks_of_var("  new_gap: 3")] == [
        "The var new_gap has no unit",
        "The var new_gap has no range",
        "The var new_gap has no reason",
    ]
    assert lacks_of_var("  new_gap: 3  # minutes, 1..9: most pauses are shorter") == []
