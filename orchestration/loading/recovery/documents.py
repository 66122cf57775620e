"""Objects that are not one statement per line in plain text, or are not packed as their name says.

An object is read as lines first. Only when its first line is refused is there a question, and the object's bytes alone
answer it. First bytes of gzip or zstd: an attempt of its own unpacks it. UTF-16, an archive …: it is given up, and the
cause names what it is. A beginning like JSON: it is read again as one document, without writing, and if it is answers
of a record store or nothing but JSON objects, an attempt of its own lands it so. Otherwise the reading as lines stands,
with its refused lines.
"""

from dataclasses import dataclass, field, replace

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError

from orchestration.contract.forms import Content, content_of, name_of, packed_content
from orchestration.contract.lines import MAX_LINE_BYTES, STATEMENT_KEYS, wrapping_reason
from orchestration.drop_kinds import has_statements
from orchestration.loading.lake.objects import ANSWERS, DOCUMENT, LINES, Drop
from orchestration.loading.recovery.failures import error_name
from orchestration.loading.steps.audit import Landed, RefusedObject
from orchestration.loading.steps.land import LAND_SETTINGS, lake_source
from orchestration.settings import Settings

_BEGINS_LIKE_JSON = r"^\x{FEFF}?[ \t\r]*[\[{]"
_HEAD_BYTES = 64
_REPLACEMENT = b"\xef\xbf\xbd"
"""Of an over-long line the head is kept as valid UTF-8: a byte order mark of UTF-16 became this."""
_MEMBER_TYPES = "arrayMap(member -> JSONType(member), JSONExtractArrayRaw({line}, 'statements'))"


@dataclass
class Sorted:
    """Objects of an attempt after a look at their first lines."""

    landed: list[Landed] = field(default_factory=list)
    """Those that stay as the attempt read them."""
    again: list[Drop] = field(default_factory=list)
    """Those that another attempt must read, in the form or the packing that they have."""
    refused: list[RefusedObject] = field(default_factory=list)
    """Those that are no text."""


@dataclass(frozen=True)
class _Doubt:
    """An object whose first line is refused."""

    drop: Drop
    reason: str
    begins_like_json: bool
    content: Content | None


def sort_by_form(client: Client, settings: Settings, load_id: str, landed: list[Landed]) -> Sorted:
    """What stays as this attempt read it, what is to be read again, and what cannot be read."""
    doubts = _doubts(client, load_id, [one for one in landed if one.rejected_count and one.drop.form == LINES])
    result = Sorted()
    for doubt in doubts:
        content = doubt.content
        if content and content.packing and not _packing_of(doubt.drop):
            result.again.append(doubt.drop.packed_as(content.packing))
        elif content:
            result.refused.append(_refused(doubt.drop, content))
    asked = [doubt for doubt in doubts if not doubt.content and doubt.begins_like_json]
    # A first line that is an object around a statement makes no document of lines that can be read as such.
    result.again += documents_among(
        client, settings, [doubt.drop for doubt in asked if not doubt.reason.startswith("wrapped_")]
    )
    in_statements = [doubt.drop for doubt in asked if doubt.reason == wrapping_reason("statements")]
    result.again += [drop for drop in documents_among(client, settings, in_statements) if drop.form == ANSWERS]
    gone = {drop.object_id for drop in result.again} | {refused.drop.object_id for refused in result.refused}
    result.landed = [one for one in landed if one.drop.object_id not in gone]
    return result


def _doubts(client: Client, load_id: str, suspects: list[Landed]) -> list[_Doubt]:
    """Those of the suspects whose first line is refused."""
    if not suspects:
        return []
    drops = {suspect.drop.object_id: suspect.drop for suspect in suspects}
    rows = client.query(
        f"""
        select object_id, reject, match(line, {{begins:String}}), hex(substring(line, 1, {_HEAD_BYTES}))
        from {suspects[0].drop.table}
        where load_id = {{load_id:String}} and reject != ''
            and (object_id, line_number) in arrayZip({{object_ids:Array(String)}}, {{first_lines:Array(UInt64)}})
        """,
        parameters={
            "load_id": load_id,
            "object_ids": list(drops),
            "first_lines": [suspect.first_line for suspect in suspects],
            "begins": _BEGINS_LIKE_JSON,
        },
    ).result_rows
    return [
        _Doubt(drops[object_id], reason, bool(begins), content_of(bytes.fromhex(head).removeprefix(_REPLACEMENT)))
        for object_id, reason, begins, head in rows
    ]


def misnamed(drop: Drop, head: bytes) -> str:
    """What to say of an object that could not be unpacked, when its first bytes are not those that its name claims."""
    claimed, content = _packing_of(drop), content_of(head)
    if not claimed or (content and content.packing == claimed):
        return ""
    if not content:
        return f"Its name says {claimed}, and its first bytes do not: rename it, or pack it."
    return (
        f"Its name says {claimed}. {content}" if content.advice else f"Its name says {claimed}; it is {content.name}."
    )


def _packing_of(drop: Drop) -> str:
    return drop.packing or name_of(drop.key.rpartition("/")[2]).packing


def _refused(drop: Drop, content: Content) -> RefusedObject:
    packing = _packing_of(drop)
    cause = packed_content(content, packing) if packing else str(content)
    return RefusedObject(drop, content.code, cause, is_permanent=True)


def documents_among(client: Client, settings: Settings, drops: list[Drop]) -> list[Drop]:
    """Those drops, with their form set, whose bytes are answers of a record store, or a document whose every element is
    a JSON object.

    One that was overwritten meanwhile counts as a document: the audit of its attempt refuses it as changed.
    """
    if not drops:
        return []
    try:
        forms = _forms(client, settings, drops)
    except DatabaseError as error:
        if not _says_no_document(error):
            raise
        if len(drops) == 1:
            return _long_answer(client, settings, drops[0]) if _TOO_LARGE in str(error) else []
        middle = len(drops) // 2
        return documents_among(client, settings, drops[:middle]) + documents_among(client, settings, drops[middle:])
    return [drop for drop in (_with_form(drop, forms.get(drop.path)) for drop in drops) if drop.form != LINES]


def document_of(client: Client, settings: Settings, drop: Drop) -> list[Drop]:
    """A drop whose reading as lines failed on memory, as it can be read element by element; empty when it cannot."""
    try:
        return documents_among(client, settings, [drop]) if drop.form == LINES else []
    except DatabaseError:
        return []


def _with_form(drop: Drop, row: dict | None) -> Drop:
    """The drop as its elements show it; one without any is a document."""
    if row and row["answer_count"] == row["element_count"]:
        return replace(drop.read_as(ANSWERS), has_more=row["has_more"])
    return drop.read_as(DOCUMENT) if not row or not row["refused_count"] else drop


def _forms(client: Client, settings: Settings, drops: list[Drop]) -> dict[str, dict]:
    """By path, what the elements are; raises when an object is no document at all."""
    source, parameters = _source(settings, drops, DOCUMENT)
    result = client.query(
        f"""
        select
            found._path as path,
            count() as element_count,
            countIf(length(found.line) > {MAX_LINE_BYTES} or JSONType(found.line) != 'Object') as refused_count,
            countIf(
                {{has_statements:Bool}}
                and JSONType(found.line, 'statements') = 'Array'
                and not hasAny(JSONExtractKeys(found.line), {{statement_keys:Array(String)}})
                and arrayAll(type -> type = 'Object', {_MEMBER_TYPES.format(line="found.line")})
            ) as answer_count,
            argMax(JSONExtractString(found.line, 'more'), found._row_number) != '' as has_more
        from {source} as found
        group by path
        """,
        parameters={
            "has_statements": has_statements(drops[0].kind),
            "statement_keys": list(STATEMENT_KEYS),
            **parameters,
        },
        settings=LAND_SETTINGS,
    )
    return {row["path"]: row for row in result.named_results()}


def _long_answer(client: Client, settings: Settings, drop: Drop) -> list[Drop]:
    """The drop as an answer, when it is one that is too long to be looked at in one piece; else nothing."""
    source, parameters = _source(settings, [drop], ANSWERS)
    try:
        is_answer, has_more = client.query(
            f"""
            select
                count() > 0 and min(
                    notEmpty(statements) and arrayAll(member -> JSONType(member) = 'Object', statements)
                ),
                argMax(more, _row_number) != ''
            from {source}
            """,
            parameters=parameters,
            settings=LAND_SETTINGS,
        ).result_rows[0]
    except DatabaseError as error:
        if not _says_no_document(error):
            raise
        return []
    is_answer = has_statements(drop.kind) and is_answer
    return [replace(drop.read_as(ANSWERS), has_more=bool(has_more))] if is_answer else []


def _source(settings: Settings, drops: list[Drop], form: str) -> tuple[str, dict[str, str]]:
    return lake_source(settings.lake, [drop.key for drop in drops], form, drops[0].packing)


_TOO_LARGE = "Size of JSON object"


def _says_no_document(error: DatabaseError) -> bool:
    """Whether the error is about the text of an object; one about the lake or the memory says nothing about it."""
    name = error_name(str(error))
    return name == "INCORRECT_DATA" or name.startswith("CANNOT_")
