"""`warehouse ask`: a question in words, answered with a sentence, a table or plot, the SQL and its caveats."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from orchestration.commands.context import CommandContext, open_warehouse
from orchestration.commands.display import output, print_note
from orchestration.commands.errors import EXIT_FAILED, CommandError
from orchestration.settings import AskEndpoint, ask_endpoint, reader_settings

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

    from orchestration.questions.asking import Answer


def run_ask(text: str, options: Mapping[str, str], with_model: bool) -> int:
    """Answer the question and show it; returns the exit code, 1 when there is no answer."""
    from clickhouse_connect.driver.exceptions import DatabaseError

    from orchestration.commands.ask_display import show_answer, show_near
    from orchestration.commands.rows_display import harmless
    from orchestration.questions.asking import NotAnswered
    from orchestration.questions.endpoint import EndpointError
    from orchestration.questions.naming import NotNamed

    if not text.strip():
        raise CommandError('The question is empty. Give one in quotes: warehouse ask "which videos lose learners?"')
    endpoint = ask_endpoint() if with_model else None
    try:
        with open_warehouse() as warehouse:
            answer = _answer(_reader(warehouse), text, options, endpoint)
    except NotAnswered as error:
        print_note(harmless(str(error)))
        if error.is_unknown:
            show_near(output(), error.near)
        return EXIT_FAILED
    except (EndpointError, NotNamed) as error:
        raise CommandError(str(error)) from error
    except DatabaseError as error:
        if "UNKNOWN_TABLE" in str(error) or "UNKNOWN_DATABASE" in str(error):
            raise CommandError(
                "The marts behind this answer are not built yet. Run 'warehouse run' once data have been delivered."
            ) from error
        raise
    show_answer(output(), answer)
    return 0


def _reader(warehouse: CommandContext) -> "Client":
    from orchestration.resources.warehouse import connect

    return connect(reader_settings(warehouse.settings))


def _answer(client: "Client", text: str, options: Mapping[str, str], endpoint: AskEndpoint | None) -> "Answer":
    from orchestration.questions.asking import ask_model, ask_registry
    from orchestration.questions.endpoint import Conversation

    if endpoint is None:
        return ask_registry(client, text, options)
    print_note(f"Asking {endpoint.model}: it gets the question and the descriptions of the marts, no data.")
    named = "".join(f" ({name}: {value})" for name, value in options.items() if value)
    return ask_model(client, text + named, lambda context: Conversation(endpoint, context))
