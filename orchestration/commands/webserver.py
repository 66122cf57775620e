"""Dagster's webserver, which imports itself while the code server imports our definitions, and then waits for it.

`python -m orchestration.commands.webserver CODE_PORT ARGUMENTS`; one after the other they take twice as long.
"""

import socket
import sys
import time

from orchestration.machine.lifetimes import end_with_parent

HOST = "127.0.0.1"


def answers(port: int) -> bool:
    try:
        with socket.create_connection((HOST, port), timeout=1):
            return True
    except OSError:
        return False


def main() -> None:
    end_with_parent()
    code_port, *arguments = sys.argv[1:]
    from dagster_webserver.cli import main as serve

    while not answers(int(code_port)):  # `up` ends us when this takes too long
        time.sleep(0.1)
    sys.argv = ["dagster-webserver", *arguments]
    serve()


if __name__ == "__main__":
    main()
