"""Who acted, in one spelling: the same text as `macros/xapi/actor_identity.sql` gives, before it is hashed there."""

import hashlib
import re
from functools import lru_cache
from typing import Any

import orjson

_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*://[^/?#@]*)(?=[/?#]|$)")
_DEFAULT_PORT = re.compile(r"^(?:(http://[^/?#|@:]*):80|(https://[^/?#|@:]*):443)(?=[/?#]|$)")
_EMPTY_PATH = re.compile(r"^(https?://[^/?#|@]*)/$")
IDENTIFIERS = ("mbox", "mbox_sha1sum", "openid", "account")


def identity_of(actor: dict[str, Any]) -> str:
    """The text that stands for the agent or group. A group without an identifier is its members."""
    if "mbox" in actor:
        return _mailbox(actor["mbox"])
    if "mbox_sha1sum" in actor:
        return f"mbox_sha1sum|{actor['mbox_sha1sum'].lower()}"
    if "openid" in actor:
        return f"openid|{_home(actor['openid'])}"
    if "account" in actor:
        account = actor["account"]
        return f"account|{_home(account['homePage'])}|{orjson.dumps(account['name'])[1:-1].decode()}"
    return "group|" + "|".join(sorted({identity_of(member) for member in actor.get("member", ())}))


def identifier_of(actor: dict[str, Any]) -> dict[str, Any]:
    """The identifying part as it was sent; of a group without one, the members'."""
    identifiers = {name: actor[name] for name in IDENTIFIERS if name in actor}
    return identifiers or {"member": [identifier_of(member) for member in actor.get("member", ())]}


@lru_cache(maxsize=50_000)
def same_iri(text: str) -> str:
    """The IRI with its scheme and host in lower case."""
    return _ADDRESS.sub(lambda match: match.group(1).lower(), text, count=1) if "://" in text else text


def _mailbox(mbox: str) -> str:
    """An address and its SHA-1 are one learner; addresses ignore case, as dbt's var says."""
    canonical = f"mailto:{mbox.strip()[len('mailto:') :].strip().lower()}"
    return f"mbox_sha1sum|{hashlib.sha1(canonical.encode(), usedforsecurity=False).hexdigest()}"


@lru_cache(maxsize=1_000)
def _home(address: str) -> str:
    address = _DEFAULT_PORT.sub(lambda match: match.group(1) or match.group(2), same_iri(address))
    return _EMPTY_PATH.sub(r"\1", address)
