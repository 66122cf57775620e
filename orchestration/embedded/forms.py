"""Forms (multipart/form-data) of the HTTP interface: fields are parameters, files are rows for a temporary table."""

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException
from starlette.requests import Request
from starlette.types import Message, Receive, Scope

from orchestration.embedded.access import User, refuse_external_tables
from orchestration.embedded.errors import EngineError
from orchestration.embedded.query_request import ExternalTable

LARGEST_FIELD = 64 << 20
MOST_FIELDS = 1000
# A reader's form holds a statement and its parameters, and no files.
LARGEST_FORM_OF_READERS = 16 << 20


async def read_form(
    scope: Scope, receive: Receive, user: User, parameters: dict[str, str]
) -> tuple[dict[str, str], list[ExternalTable]]:
    """The parameters of URL and form together, and the form's tables.

    Raises EngineError for a form that cannot be read, and as soon as it holds what this user must not send.
    """
    parameters, tables = dict(parameters), []
    limited = _limited(receive, user) if user.is_reader else receive
    try:
        async with Request(scope, limited).form(
            max_files=0 if user.is_reader else MOST_FIELDS, max_fields=MOST_FIELDS, max_part_size=LARGEST_FIELD
        ) as form:
            for name, value in form.multi_items():
                if isinstance(value, UploadFile):
                    tables.append(_external_table(name, await value.read(), parameters))
                else:
                    parameters[name] = parameters.get(name, "") + value if name == "query" else value
    except MultiPartException as error:
        if user.is_reader and error.message.startswith("Too many files"):
            refuse_external_tables(user)
        raise EngineError(36, "BAD_ARGUMENTS", f"The form cannot be read: {error.message}") from None
    return parameters, tables


def _limited(receive: Receive, user: User) -> Receive:
    """Ends the reading of a form that is longer than anything this user can ask."""
    read = 0

    async def next_message() -> Message:
        nonlocal read
        message = await receive()
        read += len(message.get("body", b""))
        if read > LARGEST_FORM_OF_READERS:
            limit = LARGEST_FORM_OF_READERS >> 20
            raise EngineError(36, "BAD_ARGUMENTS", f"A form of {user.name} may have {limit} MiB; this one is longer.")
        return message

    return next_message


def _external_table(name: str, data: bytes, parameters: dict[str, str]) -> ExternalTable:
    structure = parameters.get(f"{name}_structure", "")
    if not structure:
        types = parameters.get(f"{name}_types", "")
        if not types:
            raise EngineError(
                36, "BAD_ARGUMENTS", f"The form's file '{name}' needs {name}_structure or {name}_types in the URL."
            )
        structure = ", ".join(f"_{number} {kind}" for number, kind in enumerate(types.split(","), start=1))
    return ExternalTable(name, structure, parameters.get(f"{name}_format", "TabSeparated"), data)
