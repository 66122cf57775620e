"""Dagster's webserver behind our guard: it imports itself while the code server imports our definitions, then waits.

`python -m orchestration.commands.webserver [HOST:]CODE_PORT ARGUMENTS`; one after the other they take twice as long.
"""

import socket
import sys
import time
from collections.abc import Callable

from orchestration.machine.lifetimes import end_with_parent
from orchestration.settings import ui_hosts, warehouse_home

HOST = "127.0.0.1"


def answers(address: str) -> bool:
    """Whether a port of this machine, or of a named one, takes connections."""
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host or HOST, int(port)), timeout=1):
            return True
    except OSError:
        return False


def guarded_webserver() -> Callable[[], None]:
    """Dagster's command line, whose application now stands behind the guard, with our pages beside it.

    Dagster has no option for that.
    """
    from dagster_webserver import cli

    from orchestration.pages.application import Pages
    from orchestration.web_guard.guard import WebGuard

    make_application = cli.create_app_from_workspace_process_context
    cli.create_app_from_workspace_process_context = lambda *arguments, **options: WebGuard(
        Pages(make_application(*arguments, **options), warehouse_home()), ui_hosts()
    )
    return cli.main


def main() -> None:
    end_with_parent()
    code_server, *arguments = sys.argv[1:]
    serve = guarded_webserver()
    while not answers(code_server):  # `up` ends us when this takes too long
        time.sleep(0.1)
    sys.argv = ["dagster-webserver", *arguments]
    serve()


if __name__ == "__main__":
    main()
