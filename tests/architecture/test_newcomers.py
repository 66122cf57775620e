"""What a new video verb, column, var or model still lacks, as a sentence that names the file to change.

The recipes are in docs/how-to-change-things.md.
"""

import csv
import re
from collections.abc import Iterable

from tests.architecture.project import ROOT, Node, Project

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
