"""Who is meant, and by which texts they are found.

A person is given as a mail address, its SHA-1, an openid, an account (`home page|name` or JSON) or a pseudonym of the
marts. An actor's identity is what `macros/xapi/actor_identity.sql` makes pseudonyms of.
"""

import hashlib
import hmac
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Any

import orjson

from orchestration.contract.identity import IDENTIFIERS, identity_of
from orchestration.contract.named import identities_in, mail_identity
from orchestration.loading.errors import WarehouseError

_PSEUDONYM = re.compile(r"[0-9a-f]{32}")
_SHA1 = re.compile(r"[0-9a-fA-F]{40}")
_MAIL = re.compile(r"(?:mailto:)?[^@\s|]+@[^@\s|/]+", re.IGNORECASE)
DISTINCTIVE_LENGTH = 6
"""An account's name alone is looked for in files from this length on, if it has a digit or an @: `anna` or `student`
would be found everywhere. Beside its home page every name is."""


class PersonError(WarehouseError):
    """What was given names no person, or no one who is known here."""


@dataclass(frozen=True)
class Person:
    """One person with every identity that is known of them."""

    identities: frozenset[str]
    learner_ids: frozenset[str] = frozenset()
    spellings: frozenset[str] = field(default_factory=frozenset)
    """Texts by which lines named them: addresses, hashes, names of accounts, openids."""

    def as_note(self) -> dict[str, list[str]]:
        """The person as JSON, for as long as an erasure is not done."""
        return {name: sorted(values) for name, values in asdict(self).items()}

    def with_spellings(self, texts: Iterable[str]) -> "Person":
        """The same person, with the spellings that these lines use."""
        used = {
            spelling
            for text in texts
            for identity, spellings in identities_in(text).items()
            if identity in self.identities
            for spelling in spellings
        }
        return replace(self, spellings=self.spellings | used)

    def is_named_in(self, text: str) -> bool:
        """Whether a line names them. What has none of their plain texts, and nothing escaped, is not taken apart."""
        if self._plain_texts and "\\" not in text:
            lowered = text.lower()
            if not any(plain in lowered for plain in self._plain_texts):
                return False
        return not self.identities.isdisjoint(identities_in(text))

    @cached_property
    def _plain_texts(self) -> frozenset[str]:
        """Texts of which a line that names them has one; empty where their identifier has many spellings."""
        addresses = {mail_identity(spelling): spelling for spelling in self.spellings if "@" in spelling}
        plain_texts = set()
        for identity in self.identities:
            kind, _, rest = identity.partition("|")
            if kind == "account" and "\\" not in rest:
                plain_texts.add(rest.rpartition("|")[2].lower())
            elif kind == "mbox_sha1sum" and identity in addresses:
                plain_texts |= {rest, addresses[identity].lower()}
            else:
                return frozenset()
        return frozenset(plain_texts)

    def pattern(self) -> bytes:
        """A regular expression, for Python and for RE2, that finds them in text or in bytes, whatever the case."""
        parts = {_escaped(learner_id) for learner_id in self.learner_ids}
        for identity in self.identities:
            kind, _, rest = identity.partition("|")
            parts.add(_escaped(rest) if kind == "mbox_sha1sum" else _escaped(identity) + r"(?:[\"\s|]|\\|$)")
        for spelling in self.spellings:
            parts |= set(_patterns_of(spelling))
        return f"(?i)(?:{'|'.join(sorted(parts))})".encode()


def person_from_note(note: dict[str, list[str]]) -> Person:
    """What `as_note` wrote."""
    return Person(**{name: frozenset(values) for name, values in note.items()})


def person_of(text: str, key: str) -> Person:
    """The person that a text names; its pseudonyms are those under this key. A pseudonym alone has no identity yet."""
    text = text.strip()
    if _PSEUDONYM.fullmatch(text):
        return Person(frozenset(), frozenset({text}))
    actor = _actor(text)
    try:
        identity = identity_of(actor)
    except (KeyError, TypeError, AttributeError, ValueError):
        raise PersonError(_USAGE) from None
    identities = {identity}
    spellings = {str(value) for value in actor.values() if isinstance(value, str)}
    if "mbox" in actor:
        address = str(actor["mbox"]).strip()[len("mailto:") :].strip()
        identities.add(mail_identity(address))
        spellings = {address}
    if "account" in actor:
        spellings = {identity.rpartition("|")[2]}
    return with_pseudonyms(Person(frozenset(identities), spellings=frozenset(spellings)), key)


def with_pseudonyms(person: Person, key: str) -> Person:
    """The person with the pseudonym of each identity under this key."""
    made = {learner_id_of(identity, key) for identity in person.identities}
    return replace(person, learner_ids=person.learner_ids | made)


def learner_id_of(identity: str, key: str) -> str:
    """The pseudonym, as the macro `learner_key` makes it."""
    return hmac.new(key.encode(), identity.encode(), hashlib.sha256).hexdigest()[:32]


_USAGE = (
    "The learner is not given in a form that names a person. Give a mail address (or mailto:…), its SHA-1 (40 hex "
    "digits), an openid (https://…), an account as 'HOME_PAGE|NAME', the actor as JSON, or a learner_id of the marts "
    "(32 hex digits). With '-' it is read from standard input."
)


def _actor(text: str) -> dict[str, Any]:
    """The agent that a readable spelling names. Raises PersonError for any other text."""
    if text.startswith("{"):
        try:
            document = orjson.loads(text)
        except orjson.JSONDecodeError:
            raise PersonError(_USAGE) from None
        actor = document.get("actor", document)
        if not (isinstance(actor, dict) and any(name in actor for name in IDENTIFIERS)):
            raise PersonError(_USAGE)
        return {name: actor[name] for name in IDENTIFIERS if name in actor}
    if "|" in text:
        home, _, name = text.removeprefix("account|").partition("|")
        if home and name:
            return {"account": {"homePage": home, "name": name}}
    elif _SHA1.fullmatch(text):
        return {"mbox_sha1sum": text}
    elif _MAIL.fullmatch(text):
        return {"mbox": text if text.lower().startswith("mailto:") else f"mailto:{text}"}
    elif re.match(r"https?://", text):
        return {"openid": text}
    raise PersonError(_USAGE)


def _escaped(text: str) -> str:
    """The text as a regular expression; RE2 knows no escaped blank."""
    return re.escape(text).replace("\\ ", " ")


def _patterns_of(spelling: str) -> Iterable[str]:
    """How a spelling may stand in a file."""
    if "@" in spelling or _SHA1.fullmatch(spelling):
        yield _escaped(spelling)
    elif "://" in spelling:
        yield _escaped(spelling) + r"(?:[\"\s|,}]|\\|$)"
    elif len(spelling) >= DISTINCTIVE_LENGTH and any(letter.isdigit() for letter in spelling):
        yield rf"(?:^|[^0-9A-Za-z_-]){_escaped(spelling)}(?:[^0-9A-Za-z_-]|$)"
    else:
        yield rf"\\*\"name\\*\"\s*:\s*\\*\"{_escaped(spelling)}\\*\""
