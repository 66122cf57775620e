"""A question in words becomes an answer: from the registry, or by SQL of a model that was checked before it ran."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from orchestration.questions.context import mart_sections, relevant
from orchestration.questions.endpoint import Conversation, Proposal
from orchestration.questions.guard import MAX_ROWS, QueryRefused, checked
from orchestration.questions.naming import Named, named_in
from orchestration.questions.registry import NEAR, SURE, Match, closest
from orchestration.questions.sentences import filled

LIMITS = {"max_execution_time": 30, "max_result_rows": 10 * MAX_ROWS}
"""The reader cannot write, and has limits of its own; these are tighter. The guard's LIMIT keeps answers below them."""
TITLES = """
select 'course' as kind, course_id as id, title from marts.dim_courses
union all
select 'video' as kind, activity_id as id, title from marts.dim_activities where activity_type = 'video'
order by kind, title, id
"""
SHOWN_TITLES = 8
NOTHING = "There are no rows."


class NotAnswered(Exception):
    """No answer was found; the message says why.

    `is_unknown` says that the question is none of the registry's; `near` holds those that are closest.
    """

    def __init__(self, message: str, near: Sequence[Match] = (), is_unknown: bool = False) -> None:
        super().__init__(message)
        self.near = near
        self.is_unknown = is_unknown


@dataclass(frozen=True)
class Answer:
    """A sentence, the rows behind it, the SQL that gave them, and what to know before acting on it."""

    sentence: str
    columns: Sequence[str]
    rows: Sequence[Sequence]
    sql: str
    caveats: Sequence[str]
    plot: Mapping[str, str]
    parameters: Mapping[str, str]
    titles: Mapping[str, str]
    source: str
    """`registry` with the question's name, or `model`."""


def ask_registry(client: Client, text: str, options: Mapping[str, str]) -> Answer:
    """The answer of the question that is meant; raises NotAnswered when none is, NotNamed for an unknown option."""
    titles = read_titles(client)
    named = named_in(text, titles, options)
    matches = closest(named.rest)
    best = matches[0]
    if best.score < SURE:
        near = [match for match in matches[:3] if match.score >= NEAR]
        raise NotAnswered(
            f"'{text}' is not among the questions that can be answered without a model.", near, is_unknown=True
        )
    _require(best, named, titles)
    question = best.question
    values = {name: named.values[name] if name in question.parameters else "" for name in named.values}
    result = client.query(question.sql, parameters=values, settings=LIMITS)
    rows, columns = result.result_rows, result.column_names
    return Answer(
        sentence=filled(question.answer, dict(zip(columns, rows[0], strict=True))) if rows else question.nothing,
        columns=columns,
        rows=rows,
        sql=question.sql,
        caveats=[*question.caveats, *_ignored(best, named)],
        plot=question.plot,
        parameters={name: value for name, value in values.items() if value},
        titles={name: title for name, title in named.titles.items() if name in question.parameters},
        source=f"registry: {question.name}",
    )


def read_titles(client: Client) -> dict[str, list[tuple[str, str]]]:
    """(id, title) of courses and videos, for finding them in a question."""
    rows = client.query(TITLES, settings=LIMITS).result_rows
    return {wanted: [(id_, title) for kind, id_, title in rows if kind == wanted] for wanted in ("course", "video")}


def _require(match: Match, named: Named, titles: Mapping[str, Sequence[tuple[str, str]]]) -> None:
    absent = [name for name in match.question.requires if not named.values[name]]
    if absent:
        known = [title for _, title in titles.get(absent[0], ())]
        some = "; ".join(f"'{title}'" for title in known[:SHOWN_TITLES]) or "none"
        raise NotAnswered(
            f"Which {absent[0]}? Name it in the question, or with --{absent[0]} TITLE. There are {some}"
            + (f" and {len(known) - SHOWN_TITLES} more." if len(known) > SHOWN_TITLES else ".")
        )


def _ignored(match: Match, named: Named) -> list[str]:
    """What the question names and its SQL has no place for must not be dropped in silence."""
    return [
        f"The {name} '{named.titles.get(name, value)}' is not taken into account: this answer does not know {name}s."
        for name, value in named.values.items()
        if value and name not in match.question.parameters
    ]


def ask_model(client: Client, text: str, converse: Callable[[str], Conversation]) -> Answer:
    """The answer of a model's SQL; one round to repair it. Raises NotAnswered, EndpointError."""
    conversation = converse(relevant(text))
    proposal = conversation.ask(text)
    try:
        return _run(client, proposal)
    except (QueryRefused, ClickHouseError) as first:
        proposal = conversation.repair(fault(first))
        try:
            return _run(client, proposal)
        except (QueryRefused, ClickHouseError) as second:
            raise NotAnswered(
                f"The model's SQL was not run. First: {fault(first)} After one repair: {fault(second)}"
            ) from second


def _run(client: Client, proposal: Proposal) -> Answer:
    if not proposal.sql:
        raise NotAnswered(proposal.answer or "The model gave no SQL and no reason.")
    sql = checked(proposal.sql, mart_sections().keys())
    result = client.query(sql, settings=LIMITS)
    rows, columns = result.result_rows, result.column_names
    sentence = filled(proposal.answer, dict(zip(columns, rows[0], strict=True))) if rows else NOTHING
    caveats = [*proposal.caveats, "The SQL was written by a language model: read it before you act on the answer."]
    return Answer(sentence, columns, rows, sql, caveats, {}, {}, {}, "model")


def fault(error: Exception) -> str:
    """What went wrong, in one line, for the model and for people."""
    return " ".join(str(error).split())[:600]
