"""Errors as a person reads them: one line that says what was found, what was expected and what to do."""

import errno
import re
import shutil

from orchestration.settings import warehouse_home

EXIT_FAILED = 1
EXIT_NOT_ALL_PUBLISHED = 3
EXIT_INTERRUPTED = 130
EXIT_TERMINATED = 143
_SERVER_TEXT = re.compile(r"Code: \d+\. DB::Exception: .*")
_FULL_DISK = re.compile(r"database or disk is full|No space left on device|NOT_ENOUGH_SPACE|Disk quota exceeded")
NO_ROOM = 2_000_000
"""Bytes free below which SQLite's `disk I/O error` means a full disk."""
_NOISE = re.compile(r" Expected one of: .*|\(for url [^)]*\)|\(version [^)]*\)")


class CommandError(Exception):
    """A command cannot do what was asked; the message says why and what to do."""


def explain(error: BaseException) -> str:
    """One line for this error. What we did not foresee is named as such."""
    if _is_full_disk(error):
        return (
            f"The disk of {warehouse_home()} is full. Make room there and run the command again: it continues where "
            "this one stopped."
        )
    if _is_expected(error):
        return one_line(str(error))
    if _is_from_clickhouse(error):
        return f"ClickHouse refused: {clickhouse_text(str(error))}"
    return (
        f"Unexpected {type(error).__name__}: {one_line(str(error))[:300].rstrip('.') or 'no message'}. "
        "This is a fault of the warehouse; 'warehouse --verbose …' shows where it happened."
    )


def one_line(text: str) -> str:
    return " ".join(text.split())


def clickhouse_text(text: str) -> str:
    """ClickHouse's own sentence, without the driver's frame around it."""
    text = one_line(_NOISE.sub("", text))
    sentence = _SERVER_TEXT.search(text)
    return (sentence.group() if sentence else text)[:1000]


def _is_expected(error: BaseException) -> bool:
    from orchestration.dashboards.process import DashboardsError
    from orchestration.embedded.services import ServicesError
    from orchestration.loading.errors import WarehouseError
    from orchestration.machine.private import HomeNotPrivate
    from orchestration.settings import SettingsError

    return isinstance(
        error, (CommandError, DashboardsError, HomeNotPrivate, SettingsError, ServicesError, WarehouseError)
    )


def _is_full_disk(error: BaseException) -> bool:
    """Whether the error, or what caused it, says so: the system, SQLite and ClickHouse have words of their own."""
    seen: list[BaseException] = []
    while error is not None and error not in seen:
        if getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT) or _FULL_DISK.search(str(error)):
            return True
        if "disk I/O error" in str(error) and _free_bytes() < NO_ROOM:
            return True
        seen.append(error)
        error = error.__cause__ or error.__context__
    return False


def _free_bytes() -> int:
    home = warehouse_home()
    return shutil.disk_usage(home).free if home.exists() else NO_ROOM


def _is_from_clickhouse(error: BaseException) -> bool:
    from clickhouse_connect.driver.exceptions import ClickHouseError

    return isinstance(error, ClickHouseError)
