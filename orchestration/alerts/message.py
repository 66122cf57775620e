"""News in words: one message for all of it, in plain text."""

from collections.abc import Sequence
from datetime import datetime

from orchestration.alerts.incidents import Incident, News
from orchestration.alerts.problems import Problem


def title(news: News) -> str:
    """How many problems are new, go on and are over."""
    parts = [
        (len(news.opened), "new problem", "new problems"),
        (len(news.lasting), "problem goes on", "problems go on"),
        (len(news.over), "is over", "are over"),
    ]
    told = [f"{number} {one if number == 1 else many}" for number, one, many in parts if number]
    return f"Learning-analytics warehouse: {', '.join(told)}"


def body(news: News, home: str = "") -> str:
    """Each problem with its detail, when it began and what to do next; then what is over."""
    blocks = [_problem(*opened) for opened in (*news.opened, *news.lasting)]
    blocks += [_over(news.over)] if news.over else []
    return "\n\n".join([*blocks, *([f"Warehouse: {home}"] if home else [])])


def _problem(problem: Problem, since: datetime) -> str:
    detail = "".join(f"\n  {line}" for line in problem.detail.splitlines())
    return f"{problem.what}{detail}\n  Since {since:%Y-%m-%d %H:%M} UTC.\n  Next: {problem.next_step}"


def _over(incidents: Sequence[Incident]) -> str:
    return "\n".join(f"Over: {incident.what} (since {incident.since:%Y-%m-%d %H:%M} UTC)" for incident in incidents)
