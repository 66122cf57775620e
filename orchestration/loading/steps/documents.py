"""Objects that are JSON but not one statement per line: an array, a pretty-printed object, objects one after another.

An object is read as lines first. When its first line is refused and begins like JSON, the object is read again as one
document, without writing: if every element is a JSON object, it is landed as a document by an attempt of its own;
otherwise the reading as lines stands, with its refused lines. The choice depends on the object's bytes only.
"""

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError

from orchestration.contract.lines import MAX_LINE_BYTES
from orchestration.loading.lake.objects import DOCUMENT, LINES, Drop
from orchestration.loading.steps.audit import Landed
from orchestration.loading.steps.failures import error_name
from orchestration.loading.steps.land import LAND_SETTINGS, lake_source
from orchestration.settings import Settings

_BEGINS_LIKE_JSON = r"^\x{FEFF}?[ \t\r]*[\[{]"


def split_documents(
    client: Client, settings: Settings, load_id: str, landed: list[Landed]
) -> tuple[list[Landed], list[Drop]]:
    """What stays as this attempt read it, and the drops that another attempt must read as documents."""
    suspects = {each.drop.object_id: each.drop for each in landed if each.rejected_count and each.drop.form == LINES}
    if not suspects:
        return landed, []
    table = next(iter(suspects.values())).table
    rows = client.query(
        f"""
        select object_id from {table}
        where load_id = {{load_id:String}} and object_id in {{object_ids:Array(String)}} and line_number = 1
            and reject != '' and match(line, {{begins:String}})
        """,
        parameters={"load_id": load_id, "object_ids": list(suspects), "begins": _BEGINS_LIKE_JSON},
    ).result_rows
    documents = documents_among(client, settings, [suspects[object_id] for (object_id,) in rows])
    chosen = {drop.object_id for drop in documents}
    return [each for each in landed if each.drop.object_id not in chosen], documents


def documents_among(client: Client, settings: Settings, drops: list[Drop]) -> list[Drop]:
    """Those drops, with their form set, whose bytes are a document whose every element is a JSON object.

    One that was overwritten meanwhile counts as a document: the audit of its attempt refuses it as changed.
    """
    if not drops:
        return []
    try:
        refused = _refused_paths(client, settings, drops)
    except DatabaseError as error:
        if not _says_no_document(error):
            raise
        if len(drops) == 1:
            return []
        middle = len(drops) // 2
        return documents_among(client, settings, drops[:middle]) + documents_among(client, settings, drops[middle:])
    return [drop.read_as(DOCUMENT) for drop in drops if drop.path not in refused]


def is_document(client: Client, settings: Settings, drop: Drop) -> bool:
    """Whether a drop whose reading as lines failed on memory is one long line that can be read element by element."""
    try:
        return drop.form == LINES and bool(documents_among(client, settings, [drop]))
    except DatabaseError:
        return False


def _refused_paths(client: Client, settings: Settings, drops: list[Drop]) -> set[str]:
    """Paths with an element that is not a JSON object; raises when an object is no document at all."""
    source, parameters = lake_source(settings.lake, [drop.key for drop in drops], DOCUMENT)
    rows = client.query(
        f"""
        select found._path from {source} as found
        group by found._path
        having countIf(length(found.line) > {MAX_LINE_BYTES}) > 0 or countIf(JSONType(found.line) != 'Object') > 0
        """,
        parameters=parameters,
        settings=LAND_SETTINGS,
    ).result_rows
    return {path for (path,) in rows}


def _says_no_document(error: DatabaseError) -> bool:
    """Whether the error is about the text of an object; one about the lake or the memory says nothing about it."""
    name = error_name(str(error))
    return name == "INCORRECT_DATA" or name.startswith("CANNOT_")
