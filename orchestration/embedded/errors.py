"""ClickHouse's errors: reading them from the engine, raising our own, and the HTTP status each one gets."""

import re

ENGINE_VERSION_SUFFIX = re.compile(r"\s*\(version [^)]*(?:\([^)]*\))?\)")
CODE_PREFIX = re.compile(r"^Code: (\d+)\. DB::Exception: ", re.DOTALL)
CODE_NAME_SUFFIX = re.compile(r"\s*\(([A-Z][A-Z0-9_]+)\)\.?\s*$")
WRAPPERS = ("Streaming insert append failed: ", "Streaming insert finish failed: ", "Streaming query failed: ")

# As in ClickHouse's exceptionCodeToHTTPStatus; what is not listed is 500.
BAD_REQUEST_CODES = {6, 26, 27, 36, 38, 41, 43, 44, 47, 53, 62, 69, 70, 72, 107, 115, 116, 117, 130, 158, 377, 386, 456}
STATUS_BY_CODE = dict.fromkeys(BAD_REQUEST_CODES, 400) | {
    # Unknown table, function, column, database, format and the like.
    **dict.fromkeys((1, 16, 46, 50, 56, 60, 73, 81, 113, 152, 372), 404),
    159: 408,  # TIMEOUT_EXCEEDED
    194: 401,  # REQUIRED_PASSWORD
    202: 429,  # TOO_MANY_SIMULTANEOUS_QUERIES
    373: 423,  # SESSION_IS_LOCKED
    344: 501,  # SUPPORT_IS_DISABLED
    48: 501,  # NOT_IMPLEMENTED
    497: 403,  # ACCESS_DENIED
    516: 403,  # AUTHENTICATION_FAILED
    164: 500,  # READONLY, as the server answers it
    700: 429,  # USER_SESSION_LIMIT_EXCEEDED
}


class EngineError(Exception):
    """One of ClickHouse's exceptions: a code, the code's name and a text."""

    def __init__(self, code: int, name: str, text: str) -> None:
        super().__init__(f"Code: {code}. DB::Exception: {text} ({name})")
        self.code = code
        self.name = name
        self.text = text

    @property
    def http_status(self) -> int:
        return STATUS_BY_CODE.get(self.code, 500)


def read_engine_error(message: str) -> EngineError:
    """The engine's exception text, which may be wrapped several times, as one EngineError."""
    text = message.strip()
    for wrapper in WRAPPERS:
        text = text.removeprefix(wrapper)
    code = None
    while match := CODE_PREFIX.match(text):
        code = int(match.group(1))
        text = text[match.end() :]
    text = ENGINE_VERSION_SUFFIX.sub("", text)
    text = text.replace("Syntax error (formatQuery)", "Syntax error")
    name = None
    while match := CODE_NAME_SUFFIX.search(text):
        name = match.group(1)
        text = text[: match.start()]
    if code is None:
        return EngineError(1002, name or "UNKNOWN_EXCEPTION", text or "The engine gave no reason.")
    return EngineError(code, name or "UNKNOWN_EXCEPTION", text)
