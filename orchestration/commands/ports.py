"""Ports on loopback, and whether something answers there."""

import os
import socket
import urllib.request
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from orchestration.commands.errors import CommandError
from orchestration.commands.webserver import HOST


def ui_port(file: Path, env: Mapping[str, str] = os.environ) -> int:
    """WAREHOUSE_UI_PORT where it is set; else the port of the last start while it is free, so that bookmarks and a
    proxy's configuration stay good. Raises CommandError for a port that is taken, or is none."""
    wanted = env.get("WAREHOUSE_UI_PORT", "")
    if not wanted:
        return lasting_port(file)
    if not wanted.isdigit() or not 0 < int(wanted) < 65536:
        raise CommandError(f"WAREHOUSE_UI_PORT is '{wanted}'; expected a number from 1 to 65535, or nothing.")
    if not _is_free(int(wanted)):
        raise CommandError(f"Port {wanted} of WAREHOUSE_UI_PORT is taken. Stop what listens there, or name another.")
    return int(wanted)


def lasting_port(file: Path) -> int:
    """The port that the file records, when it is free; else a free one, which is recorded."""
    recorded = file.read_text().strip() if file.exists() else ""
    port = int(recorded) if recorded.isdigit() and int(recorded) < 65536 and _is_free(int(recorded)) else _any_port()
    file.write_text(f"{port}\n")
    return port


def free_ports(count: int) -> list[int]:
    """Ports that nothing listens on now."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for listener in sockets:
            listener.bind((HOST, 0))
        return [listener.getsockname()[1] for listener in sockets]


def responds(url: str) -> bool:
    """Whether the address answers 200."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


def _is_free(port: int) -> bool:
    with socket.socket() as candidate:
        candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            candidate.bind((HOST, port))
        except OSError:
            return False
    return True


def _any_port() -> int:
    return free_ports(1)[0]
