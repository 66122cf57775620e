"""The same lines on another road: dealt to drops, shuffled, repeated, withdrawn, with builds between."""

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

Line = tuple[str, str]
MOST_DROPS = 50
NEWEST = 60


@dataclass(frozen=True)
class Drop:
    """Lines that arrive together. `stray` ones are in a first version of its files, which the right one replaces."""

    lines: tuple[Line, ...]
    stray: tuple[Line, ...] = ()

    def files(self, with_stray: bool = False) -> dict[str, list[str]]:
        """Source → its lines."""
        lines_by_source: defaultdict[str, list[str]] = defaultdict(list)
        for source, text in self.lines + (self.stray if with_stray else ()):
            lines_by_source[source].append(text)
        return lines_by_source


@dataclass(frozen=True)
class Delivery:
    """Drops in their order; the marts are built after those whose numbers are named, and after the last.

    Catalogue and learners come with drop `fixed_with`; when they come late, everything is rebuilt.
    """

    drops: tuple[Drop, ...]
    builds_after: frozenset[int]
    fixed_with: int = 0

    def __str__(self) -> str:
        stray = sum(bool(drop.stray) for drop in self.drops)
        return f"{len(self.drops)} drops, built after {sorted(self.builds_after)}, {stray} of them overwritten"


def at_once(lines: Sequence[Line]) -> Delivery:
    return Delivery((Drop(tuple(lines)),), frozenset({0}))


def delivery(
    lines: Sequence[Line], seed: int, drop_count: int, build_count: int, repeated_ratio: float = 0.1
) -> Delivery:
    """The lines shuffled over so many drops, some of them twice, and some drops wrong at first.

    The last of several drops has the newest lines only, and a build before it: few learners are touched by then, and
    what their statements decide about the others has to follow.
    """
    chance = random.Random(seed)
    ordered = in_time(lines)
    newest = ordered[-NEWEST:] if drop_count > 1 else []
    older = ordered[: len(ordered) - len(newest)]
    every = [*older, *(line for line in older if chance.random() < repeated_ratio)]
    chance.shuffle(every)
    dealt = max(1, drop_count - 1)
    borders = sorted(chance.sample(range(1, len(every)), dealt - 1))
    parts = [every[start:end] for start, end in zip([0, *borders], [*borders, len(every)], strict=True)]
    # Lines that belong to a later drop stand in an earlier one for a while: their effect has to be taken back.
    wrong_first = set(chance.sample(range(dealt), max(1, dealt // 6)))
    drops = [
        Drop(tuple(part), tuple(chance.sample(every, min(40, len(every)))) if number in wrong_first else ())
        for number, part in enumerate(parts)
    ]
    if newest:
        drops.append(Drop(tuple(newest)))
    between = chance.sample(range(dealt), min(build_count - 1, dealt))
    fixed_with = drop_count // 2 if seed % 5 == 0 else 0
    return Delivery(tuple(drops), frozenset({*between, dealt - 1, len(drops) - 1}), fixed_with)


def by_time(lines: Sequence[Line], drop_count: int) -> Delivery:
    """In the order in which it happened, as a platform that works well delivers; built after each drop."""
    ordered = in_time(lines)
    size = -(-len(ordered) // drop_count)
    parts = [ordered[start : start + size] for start in range(0, len(ordered), size)]
    return Delivery(tuple(Drop(tuple(part)) for part in parts), frozenset(range(len(parts))))


def in_time(lines: Sequence[Line]) -> list[Line]:
    """The lines in the order of their timestamps, those without one first."""
    return sorted(lines, key=lambda line: line[1].partition('"timestamp"')[2][:30])
