"""Words that must not come back; CONTRIBUTING.md (glossary and voice) says what to write instead."""

import ast
import re
from collections import defaultdict
from pathlib import Path

import pytest

from tests.architecture.project import ROOT, repository_files

# What must not be written → what to write.
INSTEAD = {
    r"anew": "again; to rebuild, recompute, rewrite",
    r"(no|some)body('s)?": "the learner, the reader, the process; or the passive",
    r"whoever": "the learner, reader or process that …",
    r"mend(s|ed|ing)?": "fix, repair, correct",
    r"dear(er|est)?": "expensive, slow",
    r"bec(ome|omes|ame) of": "happens to",
    r"all the same": "still, anyway",
    r"there (is|are) none": "without one; name what is missing",
}
ANY = re.compile(rf"(?<![\w-])({'|'.join(INSTEAD)})(?![\w-])", re.IGNORECASE)
PATTERNS = {instead: re.compile(rf"(?<![\w-]){words}(?![\w-])", re.IGNORECASE) for words, instead in INSTEAD.items()}
PROSE = (".py", ".sql", ".yml", ".yaml", ".md", ".sh", ".toml", ".csv")
# The two places that name the words in order to forbid them.
NAMING = (Path(__file__), ROOT / "CONTRIBUTING.md")


def forbidden_words(text: str) -> list[str]:
    """A sentence for each forbidden word of a text, with its line."""
    return [
        f"line {number}: '{match.group()}'; write instead: {instead}"
        for number, line in enumerate(text.splitlines(), 1)
        for instead, pattern in PATTERNS.items()
        for match in pattern.finditer(line)
    ]


def test_no_file_uses_a_forbidden_word():
    sentences = [
        f"{path.relative_to(ROOT)}, {sentence}"
        for path in repository_files(*PROSE)
        if path not in NAMING and ANY.search(text := path.read_text())
        for sentence in forbidden_words(text)
    ]
    assert not sentences, "\n".join(sentences)


@pytest.mark.parametrize(
    "text", ["counted anew", "Nobody left", "somebody's", "to mend", "is dear", "what became of it", "there is none"]
)
def test_a_forbidden_word_is_named_with_its_line(text: str):
    assert [sentence[:7] for sentence in forbidden_words(f"fine\n{text}\n")] == ["line 2:"]


def test_words_that_contain_one_are_no_fault():
    assert forbidden_words("amended, recommended, embodied, nobody_is_declining, an endearing body") == []


# Variables that do not say what they hold: in comprehensions, loops, arguments and locals.
VAGUE = {"each", "found"}


def vague_variables(code: str) -> list[int]:
    """The lines of a Python file that name a variable vaguely; attributes of a class may be called so."""
    nodes = list(ast.walk(ast.parse(code)))
    of_classes = [node for owner in nodes if isinstance(owner, ast.ClassDef) for node in owner.body]
    attributes = {id(node.target) for node in of_classes if isinstance(node, ast.AnnAssign)}
    stored = [
        node.lineno
        for node in nodes
        if (isinstance(node, ast.Name) and node.id in VAGUE and isinstance(node.ctx, ast.Store))
        or (isinstance(node, ast.arg) and node.arg in VAGUE)
        if id(node) not in attributes
    ]
    return sorted(set(stored))


@pytest.mark.parametrize("folder", ["orchestration", "tests"])
def test_variables_say_what_they_hold(folder: str):
    places = [
        f"{path.relative_to(ROOT)}, line {line}: name the variable for what it holds, not `each` or `found`"
        for path in sorted((ROOT / folder).rglob("*.py"))
        for line in vague_variables(path.read_text())
    ]
    assert not places, "\n".join(places)


def test_a_vague_variable_is_seen_wherever_it_is_bound():
    code = "rows = [each for each in x]\nfound = 1\ndef f(each): ...\ng = lambda found: 1\nclass A:\n    found: int\n"
    assert vague_variables(code) == [1, 2, 3, 4]


def test_one_name_is_one_class():
    """A reader takes two classes of one name for each other. Private ones stay in their file."""
    places: defaultdict[str, list[str]] = defaultdict(list)
    for path in sorted((ROOT / "orchestration").rglob("*.py")):
        if "bench" in path.parts:
            continue
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(str(path.relative_to(ROOT)))
    assert {name: paths for name, paths in places.items() if len(paths) > 1} == {}, "name one of them for what it is"
