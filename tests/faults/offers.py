"""What is offered to the warehouse, and what must happen to it: the generator and its manifest.

The manifest is one half of the oracle (the other is `lake_reader`): it knows each version of each key, line by line,
because it wrote them. No line occurs in two versions, so that a line in the wrong place is seen.
"""

import gzip
import hashlib
import io
import json
import random
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import zstandard

BAD_LINES = (b"text", b"[1,2]", b"null", b"", b'{"a":1} trailing', b'{"a":"\xff"}')
TINY, MEDIUM, LARGE = (1, 4), (20, 200), (2_000, 4_000)
"""Lines of an object. Most objects of an exporter are small; a large one takes several blocks of an INSERT."""


@dataclass(frozen=True)
class Version:
    """What lay under a key after one delivery."""

    key: str
    body: bytes
    lines: tuple[bytes, ...]
    bad_numbers: frozenset[int]
    """Line numbers, from 1, that cannot be statements."""
    is_readable: bool = True
    """Whether the whole object can be read; a broken one is parked, whatever its first lines are."""
    put_at: float = 0.0

    @cached_property
    def etag(self) -> str:
        return hashlib.md5(self.body).hexdigest()

    def rows(self) -> list[tuple[int, str, bool]]:
        """(line number, MD5, whether it is accepted) of each line that the raw layer must hold: all but blank ones."""
        return [
            (number, hashlib.md5(line).hexdigest(), number not in self.bad_numbers)
            for number, line in enumerate(self.lines, start=1)
            if line
        ]

    @cached_property
    def line_count(self) -> int:
        """Lines that count: all but the blank ones."""
        return sum(1 for line in self.lines if line)

    @cached_property
    def digest(self) -> str:
        """One hash over the rows; a lost, doubled or changed one changes it. Empty when there are no rows."""
        rows = "".join(f"{number}:{line}:{int(is_accepted)};" for number, line, is_accepted in self.rows())
        return hashlib.md5(rows.encode()).hexdigest() if rows else ""


@dataclass
class Manifest:
    """Every delivery so far, by key in order of delivery."""

    versions: dict[str, list[Version]] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)

    def add(self, version: Version) -> None:
        self.versions.setdefault(version.key, []).append(version)
        self.deleted.discard(version.key)

    def expected_live(self) -> dict[str, Version]:
        """The newest readable version of each key; a broken one hides nothing, and a deletion takes nothing back."""
        newest = {
            key: [version for version in versions if version.is_readable][-1:]
            for key, versions in self.versions.items()
        }
        return {key: versions[0] for key, versions in newest.items() if versions}

    def expected_parked(self) -> dict[str, Version]:
        """Keys whose object, as it lies in the lake, cannot be read."""
        return {
            key: versions[-1]
            for key, versions in self.versions.items()
            if not versions[-1].is_readable and key not in self.deleted
        }

    def version_with(self, key: str, etag: str) -> int:
        """Position of the last readable version of the key with these bytes; -1 when there was none."""
        versions = self.versions.get(key, [])
        return max(
            (i for i, version in enumerate(versions) if version.is_readable and version.etag == etag), default=-1
        )


class Offers:
    """Draws deliveries by its seed, puts them into the lake and keeps the manifest."""

    def __init__(self, put: Callable[..., None], delete: Callable[[str], None], seed: int) -> None:
        self.manifest = Manifest()
        self.chance = random.Random(seed)
        self._put = put
        self._delete = delete
        self._count = 0

    def offer_wave(self, is_settled: bool) -> None:
        """Some new objects and some re-deliveries.

        What takes a readable object away may only follow a state in which it was loaded: it could not be loaded later.
        """
        if is_settled:
            self.chance.choice((self.break_one, self.delete_one))()
        self.new_object(self.chance.choice((TINY, MEDIUM, MEDIUM, LARGE)))
        for _ in range(self.chance.randint(1, 3)):
            self.new_object(TINY)
        again = [self.redeliver, self.overwrite, self.change_back_and_forth, self.copy, self.offer_noise, self.correct]
        again += [self.restore]
        for deliver in self.chance.sample([*again, self.new_broken_object], 2):
            deliver()

    def new_object(self, size: tuple[int, int] = MEDIUM) -> Version:
        self._count += 1
        name = self.chance.choice(("a", "it's", "zwölf", "with space", "50%", "a+b", "x,y"))
        ending = self.chance.choice(tuple(_WRITERS))
        day = self.chance.randint(1, 28)
        return self._deliver(f"events/web/dt=2026-01-{day:02d}/{name}-{self._count:05d}{ending}", size)

    def new_large_plain_object(self) -> Version:
        """Several megabytes: more than the buffers between lake and engine hold, so that reading it takes a while."""
        self._count += 1
        return self._deliver(f"events/web/large-{self._count:05d}.ndjson", (20_000, 22_000))

    def new_broken_object(self) -> Version:
        """An object that turns bad after good lines: the INSERT has begun when the engine finds out."""
        self._count += 1
        return self._deliver(f"events/web/broken-{self._count:05d}.ndjson.gz", LARGE, is_broken=True)

    def overwrite(self, key: str = "") -> None:
        """Other bytes under a key that has some."""
        if key := key or self._key_in_lake():
            self._deliver(key, MEDIUM)

    def redeliver(self) -> None:
        """The same bytes again, with a new time."""
        if key := self._key_in_lake():
            self.put_again(self.manifest.versions[key][-1])

    def change_back_and_forth(self) -> None:
        """A, then B, then A again under one key."""
        if key := self._key_in_lake():
            first = self.manifest.versions[key][-1]
            self.overwrite(key)
            self.put_again(first)

    def restore(self) -> None:
        """The bytes before the last ones, put back with the time they had: older than what they replace."""
        if key := self._key_in_lake(has_history=True):
            before = [version for version in self.manifest.versions[key][:-1] if version.is_readable][-1]
            self.put_again(before, modified_at=before.put_at)

    def copy(self) -> None:
        """The bytes of one object under another key as well: both are live, the statements' ids make them one."""
        if key := self._key_in_lake():
            original = self.manifest.versions[key][-1]
            self._count += 1
            folder, _, name = key.rpartition("/")
            self.put_again(_under(f"{folder}/copy-{self._count:05d}-{name}", original))

    def correct(self) -> None:
        """A readable object in place of a broken one."""
        if broken := sorted(self.manifest.expected_parked()):
            self._deliver(self.chance.choice(broken), MEDIUM)

    def offer_noise(self) -> None:
        """What is no drop: it is ignored, and none of its lines is offered."""
        self._count += 1
        self._put(f"events/web/{self.chance.choice(('_SUCCESS', 'part.tmp', 'readme.txt'))}", b"noise\n")

    def break_one(self) -> None:
        """A broken object in place of one that is live, which stays live."""
        if key := self._key_in_lake(".ndjson.gz"):
            self._deliver(key, MEDIUM, is_broken=True)

    def delete_one(self) -> None:
        """The lake's retention takes an object that is live, and which stays live."""
        if key := self._key_in_lake():
            self._delete(key)
            self.manifest.deleted.add(key)

    def _key_in_lake(self, ending: str = "", has_history: bool = False) -> str:
        """Some key whose object is readable, and was another readable one before; empty without one."""
        parked = self.manifest.expected_parked()
        keys = [
            key
            for key in self.manifest.versions
            if key not in parked
            and key not in self.manifest.deleted
            and key.endswith(ending)
            and (not has_history or sum(version.is_readable for version in self.manifest.versions[key]) > 1)
        ]
        return self.chance.choice(sorted(keys)) if keys else ""

    def _deliver(self, key: str, size: tuple[int, int], is_broken: bool = False) -> Version:
        return self.put_again(self.draw(key, size, is_broken))

    def draw(self, key: str, size: tuple[int, int] = MEDIUM, is_broken: bool = False) -> Version:
        """A version of the key that was never there, without putting it."""
        lines, bad_numbers = self._draw_lines(key, self.chance.randint(*size))
        ending = next(ending for ending in sorted(_WRITERS, key=len, reverse=True) if key.endswith(ending))
        body = _WRITERS[ending](b"".join(line + b"\n" for line in lines), self.chance)
        if is_broken:
            body = _flip_a_bit(body)
        return Version(key, body, lines, bad_numbers, is_readable=not is_broken)

    def _draw_lines(self, key: str, count: int) -> tuple[tuple[bytes, ...], frozenset[int]]:
        lines, bad_numbers = [], set()
        for number in range(1, count + 1):
            if count > 10 and self.chance.random() < 0.02:
                lines.append(self.chance.choice(BAD_LINES))
                bad_numbers.add(number)
            else:
                lines.append(self._draw_statement(key, number))
        return tuple(lines), frozenset(bad_numbers)

    def _draw_statement(self, key: str, number: int) -> bytes:
        return json.dumps(
            {
                "id": str(uuid.UUID(int=self.chance.getrandbits(128), version=4)),
                "actor": {"account": {"homePage": "https://lms.example", "name": f"learner-{number % 7}"}},
                "verb": {"id": "http://adlnet.gov/expapi/verbs/experienced"},
                "object": {"id": f"https://lms.example/page/{number % 5}"},
                "timestamp": f"2026-01-05T10:{number // 60 % 60:02d}:{number % 60:02d}Z",
                "context": {"extensions": {"https://lms.example/line": f"{key}#{number}"}},
            },
            ensure_ascii=False,
        ).encode()

    def put_again(self, version: Version, modified_at: float | None = None) -> Version:
        """Put a version, again or for the first time; with a time of its own when `modified_at` is given."""
        delivered = Version(
            version.key, version.body, version.lines, version.bad_numbers, version.is_readable, time.time()
        )
        self._put(delivered.key, delivered.body, modified_at)
        self.manifest.add(delivered)
        return delivered


def _under(key: str, version: Version) -> Version:
    return Version(key, version.body, version.lines, version.bad_numbers, version.is_readable)


def _flip_a_bit(body: bytes) -> bytes:
    """Near the end, so that most lines are read before the error is."""
    changed = bytearray(body)
    changed[-len(body) // 10 - 1] ^= 0x10
    return bytes(changed)


def _write_members(data: bytes, chance: random.Random) -> bytes:
    """Several gzip members, cut at any byte, as log shippers append them."""
    cuts = sorted(chance.randint(0, len(data)) for _ in range(2))
    pieces = (data[: cuts[0]], data[cuts[0] : cuts[1]], data[cuts[1] :])
    return b"".join(gzip.compress(piece, mtime=0) for piece in pieces)


def _write_frames(data: bytes, chance: random.Random) -> bytes:
    """zstd as a stream writes it: without the length in its head."""
    written = io.BytesIO()
    with zstandard.ZstdCompressor(level=chance.choice((1, 3))).stream_writer(written, closefd=False) as stream:
        stream.write(data)
    return written.getvalue()


_WRITERS: dict[str, Callable[[bytes, random.Random], bytes]] = {
    ".ndjson": lambda data, chance: data,
    ".jsonl": lambda data, chance: data[:-1],
    ".ndjson.gz": lambda data, chance: gzip.compress(data, mtime=0),
    ".members.ndjson.gz": _write_members,
    ".ndjson.zst": _write_frames,
}
"""How an exporter writes lines, by the ending of the key."""
