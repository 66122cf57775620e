"""Statements with something exchanged, taken away, added or wrapped in a list, at random places; the seed decides."""

import copy
import json
import random
from collections.abc import Iterator

VALUES = (
    *(None, True, 0, -1.5, 1e300, "", "text", "iri:x", "null", '"', "\\", '","id":"iri:y', "mailto:a@b", "é😀"),
    *([], {}, [None], {"a": None}, {"id": "iri:x"}, [{"id": "iri:x"}], {"": ""}, {"type": "x"}),
)
KEYS = ("extra", "id", "objectType", "member", "definition", "extensions", "a b", "ü", '"q"')


def mutated(statements: list[dict], count: int, seed: int) -> list[dict]:
    """`count` statements, each with one to three changes. A context stays an object, as the judge expects."""
    rng = random.Random(seed)
    mutants = []
    while len(mutants) < count:
        statement = copy.deepcopy(rng.choice(statements))
        for _ in range(rng.choice((1, 1, 1, 2, 3))):
            _change(statement, rng)
        if isinstance(statement.get("context", {}), dict):
            mutants.append(statement)
    return mutants


def as_line(statement: dict, number: int) -> str:
    """With and without blanks between tokens, escaped and not."""
    separators = (",", ":") if number % 2 else (" , ", " : ")
    return json.dumps(statement, ensure_ascii=number % 3 == 0, separators=separators)


def _change(statement: dict, rng: random.Random) -> None:
    path = rng.choice([path for path in _paths(statement) if path] or [()])
    if not path:
        return
    place = statement
    for step in path[:-1]:
        place = place[step]
    kind = rng.random()
    if kind < 0.5:
        place[path[-1]] = copy.deepcopy(rng.choice(VALUES))
    elif kind < 0.7:
        del place[path[-1]]
    elif kind < 0.85 and isinstance(place, dict):
        place[rng.choice(KEYS)] = copy.deepcopy(rng.choice(VALUES))
    else:
        place[path[-1]] = [place[path[-1]]]


def _paths(value: object, before: tuple = ()) -> Iterator[tuple]:
    yield before
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in items:
        yield from _paths(part, (*before, key))
