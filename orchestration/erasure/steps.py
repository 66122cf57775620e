"""The erasure of one person, step by step.

    requested   the identities are remembered as keyed hashes: from here on no load takes a line that names them
    lake        objects are rewritten without the lines
    build       the new versions are loaded, what could not be rewritten is loaded again, the marts are built
    tables      what is left in the engine goes, from its disk as well
    files       logs, pages, artefacts and caches of the home
    receipt     the proof, and the receipt

A step that is done is in `ops.erasure_steps`. One that was killed is done again as a whole: each may be done twice.
Until the receipt is written, a note in the home that only its owner can read says who is meant; it goes last.
"""

import json
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from clickhouse_connect.driver.client import Client

from orchestration.contract.named import identities_in, role_of
from orchestration.erasure.drops import LEFT, REWRITTEN, ErasurePass, WritableLake, recorded_objects
from orchestration.erasure.files import ENGINE, LAKE, NOTES, clean, files_with
from orchestration.erasure.holdings import holdings, lines, lines_by_object, wanted
from orchestration.erasure.person import (
    Person,
    PersonError,
    learner_id_of,
    person_from_note,
    person_of,
    with_pseudonyms,
)
from orchestration.erasure.receipt import ErasureProof, Receipt, prove, write_receipt
from orchestration.erasure.tables import remove, revoke_overtaken
from orchestration.loading.ledger.entries import insert_rows, server_now
from orchestration.loading.ledger.erased import pseudonym_text, remember
from orchestration.machine.private import write_private
from orchestration.settings import Settings

STEPS = ("requested", "lake", "build", "tables", "files", "receipt")
Tell = Callable[[str, int, int | None], None]
"""Stage, how far, of how many."""


@dataclass(frozen=True)
class Request:
    """One erasure: its number, who asked the computer for it, and who is meant."""

    request_id: str
    by: str
    person: Person


@dataclass(frozen=True)
class Site:
    """What an erasure works on."""

    client: Client
    lake: WritableLake
    settings: Settings
    build: Callable[[list[str]], None]
    """Load what is due, load these keys again, and build the marts; raises when it fails."""
    turn: Callable[[str], AbstractContextManager[None]] = lambda what: nullcontext()
    """The right to load or to build, for the length of a block."""
    tell: Tell = lambda stage, done, total: None


@dataclass(frozen=True)
class ErasurePlan:
    """What an erasure would remove."""

    objects: list[tuple[str, int]]
    """(key, lines) of the lake."""
    tables: dict[str, int]
    files: list[str]
    roles: Counter[str] = field(default_factory=Counter)
    """Lines of raw by where they name the person: as actor, or elsewhere."""

    @property
    def is_empty(self) -> bool:
        return not (self.objects or self.tables or self.files)


def known_person(site: Site, texts: list[str]) -> Person:
    """The person that these texts name, each another identifier of the same one.

    Raises PersonError for a text in no known form, and for a pseudonym that no row has.
    """
    key = site.settings.learner_id_key
    given = [person_of(text, key) for text in texts]
    identities = {identity for meant in given for identity in meant.identities}
    for meant in given:
        if not meant.identities:
            identities |= _identities_behind(site.client, next(iter(meant.learner_ids)), key)
    spellings = frozenset(spelling for meant in given for spelling in meant.spellings)
    learner_ids = frozenset(one for meant in given for one in meant.learner_ids)
    person = with_pseudonyms(Person(frozenset(identities), learner_ids, spellings), key)
    with wanted(site.client, person):
        return person.with_spellings(line for *_, line in lines(site.client))


def _identities_behind(client: Client, learner_id: str, key: str) -> set[str]:
    """The identity whose pseudonym this is, from a raw line that has it."""
    queries = (
        "select line from raw.event_lines where (load_id, object_id, line_number) in (select load_id, object_id, "
        "line_number from staging.stg_xapi__statements where learner_id = {learner:String} limit 20)",
        "select line from raw.learner_lines where (object_id, line_number) in (select object_id, line_number "
        "from staging.stg_learners__enrolments where learner_id = {learner:String} limit 20)",
    )
    for query in queries:
        for (line,) in client.query(query, parameters={"learner": learner_id}).result_rows:
            for identity in identities_in(line):
                if learner_id_of(identity, key) == learner_id:
                    return {identity}
    raise PersonError(
        "No line of the warehouse belongs to this pseudonym: it is not here, or it is older than the last rotation of "
        "the key. Give an identifier of the person instead."
    )


def plan(site: Site, person: Person) -> ErasurePlan:
    """What would go; nothing is changed, and nothing of the person is left behind by asking."""
    client = site.client
    with wanted(client, person):
        site.tell("Looking through the tables", 0, None)
        named_lines = lines_by_object(client)
        named = (line for kind, *_, line in lines(client, is_live=True) if kind == "events")
        roles = Counter(role_of(line, set(person.identities)) for line in named)
        site.tell("Looking through the lake", 0, None)
        objects = [(entry.key, count) for entry, count in _sweep(site, "", person).named_objects(_keys(named_lines))]
        tables = holdings(client)
    home = site.settings.home
    on_file = _counter(site.tell, "Looking through the files")
    files = [str(path.relative_to(home)) for path in files_with(home, person.pattern(), (ENGINE, LAKE, NOTES), on_file)]
    return ErasurePlan(objects, tables, files, roles)


def open_request(site: Site, person: Person, by: str) -> Request:
    """The unfinished erasure of this person, or a new one."""
    for request in open_requests(site.settings.home):
        if request.person.identities & person.identities:
            return request
    return Request(uuid4().hex, by, person)


def open_requests(home: Path) -> list[Request]:
    """Erasures that were begun and have no receipt yet."""
    notes = [json.loads(path.read_text()) for path in sorted((home / NOTES).glob("*.json"))]
    return [Request(note["request_id"], note["by"], person_from_note(note["person"])) for note in notes]


def erase(site: Site, request: Request) -> Receipt:
    """Do what is left to be done of the request; returns the receipt. Killed anywhere, it goes on when called again."""
    _write_note(site.settings.home, request)
    done = steps_done(site.client, request.request_id)
    if "requested" not in done:
        texts = [*request.person.identities, *map(pseudonym_text, request.person.learner_ids)]
        remember(site.client, request.request_id, texts)
        _record(site, request, "requested", {})
    for step, action in (("lake", _rewrite), ("build", _build), ("tables", _remove), ("files", _clean)):
        if step not in done:
            with wanted(site.client, request.person):
                detail = action(site, request)
            _record(site, request, step, detail)
    if "receipt" not in done:
        with wanted(site.client, request.person):
            _close(site, request)
    (site.settings.home / NOTES / f"{request.request_id}.json").unlink(missing_ok=True)
    return last_receipt(site.client, request.request_id)


def steps_done(client: Client, request_id: str) -> dict[str, dict[str, Any]]:
    """Step → what it came to, of the steps that are done."""
    rows = client.query(
        "select step, detail from ops.erasure_steps where request_id = {request:String} order by done_at",
        parameters={"request": request_id},
    ).result_rows
    return {step: json.loads(detail) for step, detail in rows}


def last_receipt(client: Client, request_id: str) -> Receipt:
    """The receipt of a request that is closed."""
    return Receipt(**steps_done(client, request_id)["receipt"])


def _rewrite(site: Site, request: Request) -> dict[str, Any]:
    with site.turn("loading"):
        keys = _keys(lines_by_object(site.client))
        _sweep(site, request.request_id, request.person).run(keys)
    objects = recorded_objects(site.client, request.request_id)
    return dict(Counter(entry["outcome"] for entry in objects))


def _build(site: Site, request: Request) -> dict[str, Any]:
    """Live objects that could not be rewritten are read again: what names the person is then refused."""
    written = {
        entry["object_key"]
        for entry in recorded_objects(site.client, request.request_id)
        if entry["outcome"] == REWRITTEN
    }
    live = set(site.client.query("select load_id, object_id from ops.live_objects").result_rows)
    named = lines_by_object(site.client)
    keys = sorted({key for _, load, one, key, _ in named if (load, one) in live and key not in written})
    site.build(keys)
    return {"loaded_again": len(keys)}


def _remove(site: Site, request: Request) -> dict[str, Any]:
    with site.turn("loading"), site.turn("building"):
        revoked = revoke_overtaken(site.client, request.request_id)
        removed = remove(site.client, lambda name: site.tell("Removing rows and former parts", 0, None))
    return {"revoked": revoked, "rows": removed}


def _clean(site: Site, request: Request) -> dict[str, Any]:
    on_file = _counter(site.tell, "Cleaning files")
    result = clean(site.settings.home, request.person.pattern(), on_file)
    return {"removed": len(result.removed), "cleaned": len(result.cleaned), "left": len(result.left)}


def _close(site: Site, request: Request) -> None:
    proof: ErasureProof = prove(
        site.client,
        site.settings,
        request.request_id,
        request.person.pattern(),
        _counter(site.tell, "Proving that nothing is left"),
    )
    done = steps_done(site.client, request.request_id)
    opened_at = site.client.query(
        "select min(done_at) from ops.erasure_steps where request_id = {request:String}",
        parameters={"request": request.request_id},
    ).result_rows[0][0]
    receipt = Receipt(
        request_id=request.request_id,
        requested_at=f"{opened_at:%Y-%m-%dT%H:%M:%SZ}",
        finished_at=f"{server_now(site.client):%Y-%m-%dT%H:%M:%SZ}",
        by=request.by,
        objects=_without_person(recorded_objects(site.client, request.request_id), request.person),
        rows_removed=done["tables"]["rows"],
        commits_revoked=done["tables"]["revoked"],
        files=done["files"],
        proof_query=proof.query,
        proof=proof.as_json(request.person.pattern()),
    )
    write_receipt(site.settings.home, receipt)
    _record(site, request, "receipt", vars(receipt))


def _without_person(objects: list[dict[str, Any]], person: Person) -> list[dict[str, Any]]:
    """Keys of objects may hold an identifier, and a receipt must not."""
    import re

    wanted_text = re.compile(person.pattern().decode())
    return [entry | {"object_key": wanted_text.sub("(erased)", entry["object_key"])} for entry in objects]


def _sweep(site: Site, request_id: str, person: Person) -> ErasurePass:
    on_object = _counter(site.tell, "Rewriting objects of the lake")
    return ErasurePass(site.client, site.lake, site.settings.lake, request_id, person.is_named_in, on_object)


def _keys(named_lines: list[tuple[str, str, str, str, int]]) -> set[str]:
    return {key for *_, key, _ in named_lines}


def _counter(tell: Tell, stage: str) -> Callable[[int], None]:
    return lambda count: tell(stage, count, None)


def _write_note(home: Path, request: Request) -> None:
    path = home / NOTES / f"{request.request_id}.json"
    path.parent.mkdir(mode=0o700, exist_ok=True)
    write_private(path, {"request_id": request.request_id, "by": request.by, "person": request.person.as_note()})


def _record(site: Site, request: Request, step: str, detail: dict[str, Any]) -> None:
    row = (request.request_id, step, request.by, json.dumps(detail), server_now(site.client))
    insert_rows(site.client, "erasure_steps", ("request_id", "step", "done_by", "detail", "done_at"), [row])


__all__ = [
    "LEFT",
    "STEPS",
    "ErasurePlan",
    "Request",
    "Site",
    "erase",
    "known_person",
    "open_request",
    "open_requests",
    "plan",
]
