"""Objects of the lake, rewritten without the lines that name a person.

The ledger knows of every object that it loaded whether its lines do. All others (parked, ignored, not loaded yet, with
lines of which only the head was kept) are read.
"""

import gzip
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import orjson
import zstandard
from clickhouse_connect.driver.client import Client

from orchestration.erasure.holdings import WANTED_IDENTITIES
from orchestration.loading.lake.objects import PARQUET, Lake, LakeObject, drop_from, object_id, reason_to_ignore
from orchestration.loading.ledger.entries import MAX_IDS, insert_rows, server_now
from orchestration.loading.ledger.erased import names_erased
from orchestration.loading.ledger.verdicts import COLUMNS, PUBLISHED, RELEASE
from orchestration.loading.steps.land import lake_source
from orchestration.settings import LakeSettings

GZIP, ZSTD, PARQUET_MAGIC = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PAR1"
CHUNK_BYTES = 1 << 20
REWRITING, REWRITTEN, LEFT = "rewriting", "rewritten", "left"
OBJECT_COLUMNS = (
    *("request_id", "bucket", "object_key", "old_version", "new_version", "outcome", "line_count", "detail", "done_at"),
)
Named = Callable[[str], bool]


class WritableLake(Lake, Protocol):
    """A lake in which a version can be put in place of another."""

    def overwrite(self, key: str, body: bytes) -> bool:
        """Write a new version of the key; False when the lake forbids it."""


@dataclass(frozen=True)
class Stripped:
    """An object's bytes without the lines that named the person."""

    body: bytes
    line_count: int
    """Lines, or statements of a document, that went."""


def stripped(body: bytes, is_named: Named) -> Stripped | None:
    """The same object without these lines, packed as it was; None when no line names them.

    Raises ValueError for an object that cannot be unpacked or whose text is no text.
    """
    content, pack = _unpacked(body)
    text = content.decode("utf-8", errors="surrogateescape")
    kept, count = _without(text, is_named)
    return Stripped(pack(kept.encode("utf-8", errors="surrogateescape")), count) if count else None


def _unpacked(body: bytes) -> tuple[bytes, Callable[[bytes], bytes]]:
    try:
        if body.startswith(GZIP):
            return gzip.decompress(body), lambda content: gzip.compress(content, mtime=0)
        if body.startswith(ZSTD):
            with zstandard.ZstdDecompressor().stream_reader(body, read_across_frames=True) as reader:
                return reader.read(), zstandard.ZstdCompressor().compress
    except (OSError, EOFError, zstandard.ZstdError) as error:
        raise ValueError(f"cannot be unpacked: {error}") from error
    return body, lambda content: content


def _without(text: str, is_named: Named) -> tuple[str, int]:
    """The text without the lines, or the statements of a document, that name the person; how many went."""
    lines = text.split("\n")
    if all(_is_object(line) for line in lines if line.strip()) and not any(_is_answer(line) for line in lines):
        kept = [line for line in lines if not is_named(line)]
        return "\n".join(kept), len(lines) - len(kept)
    values = _values(text)
    if values is None:
        kept = [line for line in lines if not is_named(line)]
        return "\n".join(kept), len(lines) - len(kept)
    parts, count = [], 0
    for value in values:
        left, gone = _value_without(value, is_named)
        count += gone
        parts += [json.dumps(left, ensure_ascii=False)] if left is not None else []
    return "\n".join(parts) + "\n" if parts else "", count


def _value_without(value: Any, is_named: Named) -> tuple[Any, int]:
    """A value of a document without what names the person; None when it does as a whole."""
    members = value if isinstance(value, list) else value.get("statements") if isinstance(value, dict) else None
    if not isinstance(members, list):
        return (None, 1) if is_named(json.dumps(value)) else (value, 0)
    kept = [member for member in members if not is_named(json.dumps(member))]
    left = kept if isinstance(value, list) else value | {"statements": kept}
    return left, len(members) - len(kept)


def _is_object(line: str) -> bool:
    try:
        return isinstance(orjson.loads(line.encode("utf-8", errors="surrogateescape")), dict)
    except orjson.JSONDecodeError:
        return False


def _is_answer(line: str) -> bool:
    return '"statements"' in line and isinstance(json.loads(line).get("statements"), list)


def _values(text: str) -> list[Any] | None:
    """The JSON values of a document, one after another; None when it is none."""
    decoder, values, place = json.JSONDecoder(), [], 0
    text = text.lstrip("\ufeff")
    while place < len(text):
        if text[place].isspace() or text[place] == ",":
            place += 1
            continue
        try:
            value, place = decoder.raw_decode(text, place)
        except ValueError:
            return None
        values.append(value)
    return values


@dataclass(frozen=True)
class ErasurePass:
    """One pass over the lake, for one request."""

    client: Client
    lake: WritableLake
    settings: LakeSettings
    request_id: str
    is_named: Named
    on_object: Callable[[int], None] = lambda count: None
    identities: str = WANTED_IDENTITIES
    """The table of those looked for in Parquet files, which the engine reads."""

    def run(self, keys: set[str]) -> None:
        """Rewrite what names the person: the objects of these keys, and of the others those that must be read."""
        self._finish_interrupted()
        for count, entry in enumerate(self._suspects(keys), start=1):
            self.rewrite(entry)
            self.on_object(count)

    def named_objects(self, keys: set[str]) -> Iterator[tuple[LakeObject, int]]:
        """The objects that would be rewritten, and how many lines of each; nothing is written."""
        for entry in self._suspects(keys):
            outcome = self._stripped(entry)
            if isinstance(outcome, Stripped):
                yield entry, outcome.line_count

    def rewrite(self, entry: LakeObject) -> None:
        """Put the object without the lines in its place; recorded before and after, so that a kill loses nothing."""
        outcome = self._stripped(entry)
        if outcome is None:
            return
        old = object_id(self.lake.bucket, entry)
        if isinstance(outcome, str):
            self._record(entry.key, old, "", LEFT, 0, outcome)
            return
        self._record(entry.key, old, "", REWRITING, outcome.line_count, "")
        now = self.lake.head_object(entry.key)
        if now is None or now.etag != entry.etag:
            return  # Changed meanwhile: the next pass looks at what is there now.
        if self.lake.overwrite(entry.key, outcome.body):
            self._confirm(entry.key, old, self._version(entry.key), outcome.line_count)
        else:
            advice = "The lake forbids writing: write it without the lines that name the person, or delete it."
            self._record(entry.key, old, "", LEFT, outcome.line_count, advice)

    def _suspects(self, keys: set[str]) -> Iterator[LakeObject]:
        batch: list[LakeObject] = []
        for entry in self.lake.list_objects(""):
            batch.append(entry)
            if len(batch) == MAX_IDS:
                yield from self._unknown(batch, keys)
                batch = []
        yield from self._unknown(batch, keys)

    def _unknown(self, entries: list[LakeObject], keys: set[str]) -> Iterator[LakeObject]:
        """Those of which the ledger does not say that they are clean."""
        ids = {object_id(self.lake.bucket, entry): entry for entry in entries}
        known = {
            row[0]
            for row in self.client.query(
                """
                select distinct object_id from ops.standing_commits
                where object_id in {ids:Array(String)}
                    and (load_id, object_id) not in (select load_id, object_id from raw.event_lines
                        where reject = 'too_long' group by load_id, object_id)
                """,
                parameters={"ids": list(ids)},
            ).result_rows
        }
        yield from (entry for one, entry in ids.items() if one not in known or entry.key in keys)

    def _stripped(self, entry: LakeObject) -> Stripped | str | None:
        """The object without the lines, None when it has none, or why a person must look at it."""
        if not reason_to_ignore(entry.key) and drop_from(self.lake.bucket, entry).form == PARQUET:
            return self._stripped_parquet(entry)
        body = b"".join(self.lake.read_chunks(entry.key, CHUNK_BYTES))
        try:
            return stripped(body, self.is_named)
        except ValueError as error:
            if self.is_named(body.decode("latin-1")):
                return f"It names the person and cannot be rewritten: it {error}."
            return None

    def _stripped_parquet(self, entry: LakeObject) -> Stripped | str | None:
        source, parameters = lake_source(self.settings, [entry.key], PARQUET)
        source = source.replace(", 'statement Nullable(String)'", "")
        named = names_erased("ifNull(statement, '')", self.identities)
        try:
            [[count]] = self.client.query(f"select countIf({named}) from {source}", parameters=parameters).result_rows
            if not count:
                return None
            body = self.client.raw_query(
                f"select * from {source} where not {named}", parameters=parameters, fmt="Parquet"
            )
        except Exception as error:
            return f"The Parquet file cannot be read: {type(error).__name__}."
        return Stripped(body, count)

    def _confirm(self, key: str, old_version: str, new_version: str, line_count: int) -> None:
        """The new version is in the lake: what was published stays so, and the ledger of the erasure says so."""
        published = self.client.query(
            "select 1 from ops.current_verdicts where object_id = {id:String} and verdict in {published:Array(String)}",
            parameters={"id": old_version, "published": list(PUBLISHED)},
        ).result_rows
        if published:
            reason = f"Erasure {self.request_id}: rewritten without some lines; the version before was published."
            row = ("", new_version, RELEASE, reason, server_now(self.client))
            insert_rows(self.client, "load_gates", COLUMNS, [row])
        self._record(key, old_version, new_version, REWRITTEN, line_count, "")

    def _finish_interrupted(self) -> None:
        """Objects that were written and not recorded: an earlier pass was killed in between."""
        rows = self.client.query(
            """
            select object_key, argMax(old_version, done_at), argMax(line_count, done_at)
            from ops.erasure_objects
            where request_id = {request:String}
            group by object_key
            having argMax(outcome, (done_at, outcome != 'rewriting')) = 'rewriting'
            """,
            parameters={"request": self.request_id},
        ).result_rows
        for key, old_version, line_count in rows:
            version = self._version(key)
            if version not in ("", old_version):
                self._confirm(key, old_version, version, line_count)

    def _version(self, key: str) -> str:
        """The id of the version that the lake lists; empty when it lists none."""
        entries = self.lake.list_objects(key)
        return next((object_id(self.lake.bucket, entry) for entry in entries if entry.key == key), "")

    def _record(self, key: str, old: str, new: str, outcome: str, line_count: int, detail: str) -> None:
        row = (self.request_id, self.lake.bucket, key, old, new, outcome, line_count, detail, server_now(self.client))
        insert_rows(self.client, "erasure_objects", OBJECT_COLUMNS, [row])


def recorded_objects(client: Client, request_id: str) -> list[dict[str, Any]]:
    """What the request came to for each object, the latest word on each."""
    result = client.query(
        """
        select object_key, old_version, new_version, outcome, line_count, detail
        from ops.erasure_objects
        where request_id = {request:String}
        order by object_key, done_at desc, outcome = 'rewriting'
        limit 1 by object_key
        """,
        parameters={"request": request_id},
    )
    return list(result.named_results())
