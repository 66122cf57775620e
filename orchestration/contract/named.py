"""Whom a line names: every identifier of a person in it, wherever it stands.

The same list as `orchestration.loading.ledger.erased` makes in SQL. It says too much rather than too little: a mail
address counts wherever it is written, an account or openid wherever a property of that name has one.
"""

import hashlib
import re
from collections.abc import Iterator
from typing import Any

import orjson

from orchestration.contract.identity import identity_of

ADDRESS = r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]*[A-Za-z0-9]"
MAILBOX = r"(?i:mailto:)\s*([^\"\\\s<>,;]+@[^\"\\\s<>,;]+)"
SHA1_HEX = r"\b[0-9a-fA-F]{40}\b"
OPENID = r'"openid"\s*:\s*"((?:[^"\\]|\\.)*)"'
ACCOUNT = (
    r'"account"\s*:\s*[{]\s*("(?:homePage|name)"\s*:\s*"(?:[^"\\]|\\.)*"\s*,'
    r'\s*"(?:homePage|name)"\s*:\s*"(?:[^"\\]|\\.)*")\s*[}]'
)
HOME_PAGE, NAME = r'"homePage"\s*:\s*"((?:[^"\\]|\\.)*)"', r'"name"\s*:\s*"((?:[^"\\]|\\.)*)"'
"""Regular expressions that RE2 and Python read alike."""

_ADDRESS, _MAILBOX, _SHA1_HEX = re.compile(ADDRESS), re.compile(MAILBOX), re.compile(SHA1_HEX)
_OPENID, _ACCOUNT, _HOME_PAGE, _NAME = (re.compile(text) for text in (OPENID, ACCOUNT, HOME_PAGE, NAME))


def identities_in(text: str) -> dict[str, set[str]]:
    """Identity, as pseudonyms are made of it → the spellings under which the text has it."""
    spellings: dict[str, set[str]] = {}
    for identity, spelling in _identities(text):
        spellings.setdefault(identity, set()).add(spelling)
    return spellings


def mail_identity(address: str) -> str:
    """The identity of a mail address without `mailto:`; addresses ignore case."""
    digest = hashlib.sha1(f"mailto:{address.strip().lower()}".encode(), usedforsecurity=False).hexdigest()
    return f"mbox_sha1sum|{digest}"


def _identities(text: str) -> Iterator[tuple[str, str]]:
    plain = _plain(text)
    if '\\"' in plain:
        plain += plain.replace('\\"', '"')
    for address in {*_MAILBOX.findall(plain), *_ADDRESS.findall(plain)}:
        yield mail_identity(address), address
    for digest in set(_SHA1_HEX.findall(plain)):
        yield f"mbox_sha1sum|{digest.lower()}", digest
    for openid in set(_OPENID.findall(plain)):
        yield identity_of({"openid": openid}), openid
    for account in set(_ACCOUNT.findall(plain)):
        home, name = _HOME_PAGE.search(account), _NAME.search(account)
        if home and name:
            prefix = identity_of({"account": {"homePage": home.group(1), "name": ""}})
            yield f"{prefix}{name.group(1)}", name.group(1)


def _plain(text: str) -> str:
    """JSON in its shortest form, with nothing escaped that need not be; other text as it is."""
    try:
        return orjson.dumps(orjson.loads(text)).decode()
    except orjson.JSONDecodeError:
        return text


def role_of(text: str, identities: set[str]) -> str:
    """Where a statement names one of these people: `actor`, or `elsewhere`."""
    try:
        statement: Any = orjson.loads(text)
    except orjson.JSONDecodeError:
        return "elsewhere"
    actor = statement.get("actor") if isinstance(statement, dict) else None
    return "actor" if actor is not None and identities & identities_in_actor(actor) else "elsewhere"


def identities_in_actor(actor: Any) -> set[str]:
    """The identities in an actor, its members among them."""
    return set(identities_in(orjson.dumps({"actor": actor}).decode()))
