"""The questions that can be answered without a model, and which of them is meant."""

import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import yaml
from rapidfuzz import fuzz

REGISTRY = Path(__file__).with_name("registry.yaml")
PARAMETERS = ("course", "video", "cohort", "period")
SURE = 75.0
"""Of 100. Paraphrases in tests score above it, questions about something else below."""
NEAR = 50.0
FILLING = (
    "a an the is are do does did of in on at to for by with and or our my we us i me please show tell give list what"
    " which who where how there that this it be can could many much learners"
)
_FILLING = frozenset(FILLING.split(" "))
_WORD = re.compile(r"[\w-]+")
_SPELLINGS = {
    "learners": "students student people users user learner",
    "stop": "quit leave leaves leaving abandon",
    "lose": "lost loses losing",
    "module": "modules chapter chapters",
    "question": "questions item items",
    "video": "videos film films",
    "channel": "channels",
    "cohort": "cohorts",
    "completed": "complete completes finish finished",
    "stay": "keep keeps stays",
    "most": "worst",
    "drop-off": "dropoff dropoffs",
    "file": "files",
    "line": "lines",
}
_SYNONYMS = {spelling: word for word, spellings in _SPELLINGS.items() for spelling in spellings.split(" ")}


@dataclass(frozen=True)
class Question:
    """One entry of the registry."""

    name: str
    phrasings: tuple[str, ...]
    sql: str
    answer: str
    nothing: str
    parameters: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    caveats: tuple[str, ...] = ()
    plot: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Match:
    question: Question
    score: float


@cache
def questions() -> tuple[Question, ...]:
    """All entries, in the order of the file."""
    entries = yaml.safe_load(REGISTRY.read_text())
    lists = ("phrasings", "parameters", "requires", "caveats")
    return tuple(
        Question(**(entry | {name: tuple(entry.get(name, ())) for name in lists} | {"sql": entry["sql"].strip()}))
        for entry in entries
    )


def closest(text: str) -> list[Match]:
    """All questions with how well they fit, best first."""
    asked = significant(text)
    matches = [
        Match(question, max(_likeness(asked, significant(phrasing)) for phrasing in question.phrasings))
        for question in questions()
    ]
    return sorted(matches, key=lambda match: -match.score)


def significant(text: str) -> str:
    """The words that tell questions apart, in one spelling."""
    words = [_SYNONYMS.get(word, word) for word in _WORD.findall(text.lower())]
    return " ".join(word for word in words if word not in _FILLING)


def _likeness(asked: str, phrasing: str) -> float:
    """Words in any order; one that is missing or too many costs something, unlike in a comparison of sets alone."""
    if not asked or not phrasing:
        return 0.0
    return 0.4 * fuzz.token_set_ratio(asked, phrasing) + 0.6 * fuzz.token_sort_ratio(asked, phrasing)
