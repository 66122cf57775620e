"""Whom the warehouse has forgotten, and how a line that names one of them is known again.

`ops.erased_identities` holds keyed hashes only, under a key of its own that no rotation of pseudonyms changes. A plain
hash of a mail address could be reversed by trying addresses. Twelve bits of an unkeyed hash
stand beside it: they say nothing of a person, and spare nearly every line the keyed one, which costs 10 µs.
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable, Iterable
from functools import cache

from clickhouse_connect.driver.client import Client

from orchestration.contract.named import ACCOUNT, ADDRESS, HOME_PAGE, MAILBOX, NAME, OPENID, SHA1_HEX, identities_in
from orchestration.loading.ledger.entries import insert_rows, server_now

ERASURE_KEY = "erasure_key"
BUCKETS = 4096
ERASED_IDENTITIES = "ops.erased_identities"


def erasure_key(client: Client) -> str:
    """The key of the hashes, made at the first erasure."""
    rows = client.query(f"select value from ops.keys final where name = '{ERASURE_KEY}'").result_rows
    if rows:
        return rows[0][0]
    insert_rows(client, "keys", ("name", "value", "set_at"), [(ERASURE_KEY, secrets.token_hex(32), server_now(client))])
    return erasure_key(client)


def erasure_hash(key: str, text: str) -> str:
    """The keyed hash under which an identity or a pseudonym is remembered."""
    return hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()[:32]


def pseudonym_text(learner_id: str) -> str:
    """What is hashed of a pseudonym, so that it is told from an identity."""
    return f"learner_id|{learner_id}"


def hashed(client: Client, identities: Iterable[str]) -> list[tuple[str, int]]:
    """(identity_hash, bucket) of each identity."""
    key, texts = erasure_key(client), sorted(identities)
    if not texts:
        return []
    buckets = client.query(
        f"select arrayJoin({{identities:Array(String)}}) as identity, sipHash64(identity) % {BUCKETS}",
        parameters={"identities": texts},
    ).result_rows
    return [(erasure_hash(key, identity), bucket) for identity, bucket in buckets]


def remember(client: Client, request_id: str, identities: Iterable[str]) -> None:
    """Have lines that name one of these refused from now on. Doing it twice changes nothing."""
    now = server_now(client)
    rows = [(*identity_row, request_id, now) for identity_row in hashed(client, identities)]
    insert_rows(client, "erased_identities", ("identity_hash", "bucket", "request_id", "erased_at"), rows)


def erased_among(client: Client, learner_ids: Iterable[str]) -> set[str]:
    """Those of the pseudonyms whose person was erased under them."""
    if not is_anyone_erased(client):
        return set()
    key = erasure_key(client)
    hashes = {erasure_hash(key, pseudonym_text(learner_id)): learner_id for learner_id in learner_ids}
    rows = client.query(
        "select distinct identity_hash from ops.erased_identities where identity_hash in {hashes:Array(String)}",
        parameters={"hashes": list(hashes)},
    ).result_rows
    return {hashes[row[0]] for row in rows}


def is_anyone_erased(client: Client) -> bool:
    """Whether lines have to be looked at at all."""
    return bool(client.query("select 1 from ops.erased_identities limit 1").result_rows)


def recogniser(client: Client) -> Callable[[str], bool]:
    """Whether a line names someone who was erased, in Python: for what is not yet in the warehouse."""
    hashes = {row[0] for row in client.query("select identity_hash from ops.erased_identities").result_rows}
    key = erasure_key(client)

    @cache
    def is_erased(identity: str) -> bool:
        return erasure_hash(key, identity) in hashes

    return lambda text: any(is_erased(identity) for identity in identities_in(text))


def names_erased(line: str, source: str = ERASED_IDENTITIES) -> str:
    """The same in SQL, of an expression that is a line; `source` has identity_hash and bucket of those looked for."""
    known = f"(select groupUniqArray(identity_hash) from {source})"
    buckets = f"(select groupUniqArray(bucket) from {source})"
    likely = f"arrayFilter(identity -> has({buckets}, sipHash64(identity) % {BUCKETS}), {_identities(line)})"
    return f"arrayExists(identity -> has({known}, {keyed_hash('identity')}), {likely})"


def keyed_hash(text: str) -> str:
    """The keyed hash of an expression of SQL."""
    key = f"assumeNotNull((select argMax(value, set_at) from ops.keys where name = '{ERASURE_KEY}'))"
    return f"left(lower(hex(HMAC('sha256', {text}, {key}))), 32)"


def _identities(line: str) -> str:
    """All identities in a line."""
    plain = f"if(isValidJSON({line}), JSONExtractRaw({line}), {line})"
    text = f"concat({plain}, if(position({line}, '\\\\\"') > 0, replaceAll({plain}, '\\\\\"', '\"'), ''))"
    mailbox = "concat('mbox_sha1sum|', lower(hex(SHA1(concat('mailto:', lowerUTF8(trimBoth(found)))))))"
    account = f"concat('account|', extract(found, {_literal(HOME_PAGE)}), '|', extract(found, {_literal(NAME)}))"
    lists = (
        f"arrayMap(found -> {mailbox}, extractAll(line_text, {_literal(MAILBOX)}))",
        f"arrayMap(found -> {mailbox}, extractAll(line_text, {_literal(f'({ADDRESS})')}))",
        f"arrayMap(found -> concat('mbox_sha1sum|', lower(found)), extractAll(line_text, {_literal(f'({SHA1_HEX})')}))",
        f"arrayMap(found -> {_home("concat('openid|', found)")}, extractAll(line_text, {_literal(OPENID)}))",
        f"arrayMap(found -> {_home(account)}, extractAll(line_text, {_literal(ACCOUNT)}))",
    )
    return f"arrayFlatten(arrayMap(line_text -> arrayDistinct(arrayConcat({', '.join(lists)})), [{text}]))"


def _home(identity: str) -> str:
    """The identity with one spelling of its web address, as `canonical_home` in macros/xapi writes it."""
    site = "extract(one, '^(?:account|openid)[|][A-Za-z][A-Za-z0-9+.-]*://[^/?#|@]*')"
    lowered = f"arrayMap(one -> concat(lower({site}), substring(one, length({site}) + 1)), [{identity}])[1]"
    port = "'^((?:account|openid)[|])(?:(http://[^/?#|@:]*):80|(https://[^/?#|@:]*):443)([/?#|]|$)'"
    without_port = f"replaceRegexpOne({lowered}, {port}, '\\\\1\\\\2\\\\3\\\\4')"
    return f"replaceRegexpOne({without_port}, '^((?:account|openid)[|]https?://[^/?#|@]*)/([|]|$)', '\\\\1\\\\2')"


def _literal(pattern: str) -> str:
    """A regular expression as a text of SQL."""
    return "'" + pattern.replace("\\", "\\\\").replace("'", "\\'") + "'"
