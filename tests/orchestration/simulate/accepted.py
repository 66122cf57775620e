"""A reader of the simulated files that shares no code with the simulator: the marts' definitions in plain Python."""

import gzip
import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

LEARNERS, DAYS, SEED = 250, 42, 7
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
IRI = re.compile(r"[a-z]+:\S+")
IDENTIFIERS = ("account", "mbox", "mbox_sha1sum", "openid")
DELIVERED_AT = datetime(2026, 1, 1, tzinfo=UTC)
VOIDED = "http://adlnet.gov/expapi/verbs/voided"


class Lake:
    """The files of a simulation, read as a stranger would."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.event_files = sorted((folder / "events").glob("*/dt=*/*.ndjson.gz"))

    def event_lines(self) -> Iterator[tuple[Path, bytes]]:
        for path in self.event_files:
            for line in gzip.decompress(path.read_bytes()).split(b"\n")[:-1]:
                yield path, line

    def objects(self, name: str) -> list[dict]:
        return [json.loads(line) for line in (self.folder / name / f"{name}.ndjson").read_text().splitlines()]


def reject_reason(line: bytes) -> str:
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        return "invalid_utf8"
    try:
        return "" if isinstance(json.loads(text), dict) else "not_object"
    except ValueError:
        return "not_json"


def occurred_at(statement: dict) -> datetime:
    moment = datetime.fromisoformat(statement.get("timestamp", statement.get("stored")))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def quarantine_reason(statement: dict) -> str:
    missing = [f"missing_{fact}" for fact in ("actor", "verb", "object") if fact not in statement]
    return missing[0] if missing else _malformed(statement) or _badly_timed(statement)


def _malformed(statement: dict) -> str:
    if not UUID.fullmatch(statement["id"]):
        return "invalid_id"
    identifiers = [name for name in IDENTIFIERS if name in statement["actor"]]
    if len(identifiers) != 1:
        return "several_actor_identifiers" if identifiers else "missing_actor_identifier"
    if not IRI.fullmatch(statement["verb"]["id"]):
        return "invalid_verb"
    if statement["object"]["objectType"] == "Activity" and not IRI.fullmatch(statement["object"]["id"]):
        return "invalid_object"
    return ""


def _badly_timed(statement: dict) -> str:
    if "timestamp" not in statement and "stored" not in statement:
        return "missing_timestamp"
    try:
        return "future_timestamp" if occurred_at(statement) > DELIVERED_AT else ""
    except ValueError:
        return "invalid_timestamp"


def learner(actor: dict) -> str:
    """One name per person: an address and its SHA-1 are the same."""
    if "account" in actor:
        return f"{actor['account']['homePage']} {actor['account']['name']}"
    return actor.get("mbox_sha1sum") or hashlib.sha1(actor["mbox"].encode()).hexdigest()


@dataclass
class Accepted:
    """What an independent reading of all lines leaves."""

    line_count: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    quarantined: Counter[str] = field(default_factory=Counter)
    copy_count: int = 0
    voided: set[str] = field(default_factory=set)
    voiding_count: int = 0
    statements: dict[str, dict] = field(default_factory=dict)
    files_of: dict[str, list[str]] = field(default_factory=dict)


def read_accepted(lake: Lake) -> Accepted:
    accepted = Accepted()
    for path, line in lake.event_lines():
        accepted.line_count += 1
        reason = reject_reason(line)
        if reason:
            accepted.rejected[reason] += 1
            continue
        statement = json.loads(line)
        reason = quarantine_reason(statement)
        if reason:
            accepted.quarantined[reason] += 1
        elif statement["verb"]["id"] == VOIDED:
            accepted.voiding_count += 1
            accepted.voided.add(statement["object"]["id"])
        else:
            accepted.copy_count += 1
            known = accepted.statements.setdefault(statement["id"], statement)
            assert {**known, "stored": ""} == {**statement, "stored": ""}, "one id with two contents"
            accepted.files_of.setdefault(statement["id"], []).append(str(path.relative_to(lake.folder)))
    missing = accepted.voided - accepted.statements.keys()
    assert not missing, f"voided, but never sent: {missing}"
    for key in accepted.voided:
        del accepted.statements[key]
        accepted.copy_count -= len(accepted.files_of.pop(key))
    return accepted
