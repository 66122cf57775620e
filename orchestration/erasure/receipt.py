"""The proof that a person is gone, and the receipt that says so without naming them."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clickhouse_connect.driver.client import Client

from orchestration.erasure.files import ENGINE, LAKE, NOTES, files_with
from orchestration.erasure.holdings import READING, holdings, tables
from orchestration.loading.lake.objects import RAW_TABLES
from orchestration.loading.ledger.erased import ERASED_IDENTITIES, keyed_hash, names_erased
from orchestration.machine.private import write_private
from orchestration.settings import Settings

RECEIPTS = "receipts"


@dataclass(frozen=True)
class ErasureProof:
    """What a look at everything has found after the erasure."""

    query: str
    row_count: int
    tables: dict[str, int]
    files: list[str]
    file_count: int
    reads_engine: bool
    """Whether the engine's files were among those read: they are, where they lie in the home."""

    def as_json(self, pattern: bytes) -> dict[str, Any]:
        """The same without the person, whose identifier may stand in a name of a file."""
        wanted = re.compile(pattern.decode())
        return {
            "rows_found_by_query": self.row_count,
            "rows_found": self.tables,
            "files_read": self.file_count,
            "files_found": [wanted.sub("(erased)", name) for name in self.files],
            "engine_files_read": self.reads_engine,
        }


@dataclass(frozen=True)
class Receipt:
    """What was done, when, by whom, and what a proof found; no identifier is in it."""

    request_id: str
    requested_at: str
    finished_at: str
    by: str
    objects: list[dict[str, Any]]
    rows_removed: dict[str, int]
    commits_revoked: int
    files: dict[str, int]
    proof_query: str
    proof: dict[str, Any]

    @property
    def left(self) -> list[str]:
        """What a person must do; empty when nothing of the learner is left."""
        objects = [
            f"Object {entry['object_key']}: {entry['detail']}"
            for entry in self.objects
            if entry["outcome"] != "rewritten"
        ]
        rows = [f"Table {name} still has {count} rows." for name, count in self.proof["rows_found"].items()]
        files = [f"File {name}: look at it, and delete it or what it says." for name in self.proof["files_found"]]
        query = ["The proof query finds rows."] if self.proof["rows_found_by_query"] else []
        return objects + rows + files + query


def proof_query(client: Client, request_id: str) -> str:
    """SQL that counts what is left: lines of raw that name the person, and rows with one of their pseudonyms."""
    source = f"(select identity_hash, bucket from {ERASED_IDENTITIES} where request_id = '{request_id}')"
    parts = [
        f"select count() as found from {table} where {names_erased('line', source)}" for table in RAW_TABLES.values()
    ]
    hashes = f"(select identity_hash from {source})"
    columns = client.query(
        "select concat(database, '.', table) from system.columns where name = 'learner_id' and type = 'String' "
        "and concat(database, '.', table) in {tables:Array(String)} order by 1",
        parameters={"tables": [table.name.replace("`", "") for table in tables(client)]},
    ).result_rows
    for (table,) in columns:
        keyed = keyed_hash("concat('learner_id|', learner_id)")
        parts.append(f"select count() from (select distinct learner_id from {table}) where {keyed} in {hashes}")
    return f"select sum(found) as found from ({' union all '.join(parts)})"


def prove(
    client: Client, settings: Settings, request_id: str, pattern: bytes, on_file: Callable[[int], None]
) -> ErasureProof:
    """Look at every table and every file of the home; asked while the person is `wanted`."""
    query = proof_query(client, request_id)
    [[row_count]] = client.query(query, settings=READING).result_rows
    counted = 0

    def count(number: int) -> None:
        nonlocal counted
        counted = number
        on_file(number)

    home = settings.home
    named_files = [str(path.relative_to(home)) for path in files_with(home, pattern, (NOTES,), count)]
    reads_engine = (home / ENGINE).exists() and settings.target == "local"
    return ErasureProof(query, row_count, holdings(client), named_files, counted, reads_engine)


def write_receipt(home: Path, receipt: Receipt) -> None:
    """The receipt as JSON and for reading, in the home."""
    folder = home / RECEIPTS
    folder.mkdir(mode=0o700, exist_ok=True)
    write_private(folder / f"{receipt.request_id}.json", vars(receipt))
    (folder / f"{receipt.request_id}.md").write_text(readable(receipt))


def readable(receipt: Receipt) -> str:
    """The receipt for a person who asks."""
    rewritten = [entry for entry in receipt.objects if entry["outcome"] == "rewritten"]
    left = receipt.left
    rows = "\n".join(f"| {name} | {count:,} |" for name, count in receipt.rows_removed.items())
    objects = "\n".join(
        f"| {entry['object_key']} | {entry['old_version']} | {entry['new_version']} | {entry['outcome']} "
        f"| {entry['line_count']:,} |"
        for entry in receipt.objects
    )
    return f"""# Receipt of erasure {receipt.request_id}

Requested {receipt.requested_at}, finished {receipt.finished_at}, by {receipt.by}.
{len(rewritten):,} objects of the lake rewritten, {sum(receipt.rows_removed.values()):,} rows removed, \
{receipt.commits_revoked:,} commits revoked, {receipt.files["removed"]:,} files removed, \
{receipt.files["cleaned"]:,} files cleaned.

{"**Nothing is left** that the proof can see." if not left else "**A person must still act:**"}
{"".join(f"{chr(10)}- {sentence}" for sentence in left)}

| Object | Version before | Version after | Outcome | Lines |
|---|---|---|---|---|
{objects}

| Table | Rows removed after the build |
|---|---|
{rows}

The proof read {receipt.proof["files_read"]:,} files of the home{
        "" if receipt.proof["engine_files_read"] else ", but not those of the engine and the lake, which lie elsewhere"
    }, and asked:

```sql
{receipt.proof_query}
```

It found {receipt.proof["rows_found_by_query"]:,} rows and {len(receipt.proof["files_found"]):,} files.
"""


def receipt_of(path: Path) -> Receipt:
    """A receipt that was written."""
    return Receipt(**json.loads(path.read_text()))


__all__ = ["LAKE", "ErasureProof", "Receipt", "proof_query", "prove", "readable", "receipt_of", "write_receipt"]
