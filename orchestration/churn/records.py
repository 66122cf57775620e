"""What the churn room reads from the marts, and what it leaves in `ops` for dbt."""

import csv
from datetime import UTC, datetime
from io import StringIO
from math import isfinite
from typing import Any

import pandas as pd
from clickhouse_connect.driver.client import Client

from orchestration.churn.evaluation import Figure
from orchestration.churn.features import COLUMNS, NAMES
from orchestration.churn.training import NOT_PUBLISHED, PUBLISHED, Run
from orchestration.loading.ledger.entries import insert_rows, server_now
from orchestration.loading.ledger.erased import erased_among

KEY, COUNTS = ("model_version", "trained_at"), ("labelled", "training", "test", "scored")
INTERVENTION_COLUMNS = ("learner_id", "course_id", "contacted_at", "kind")
LAST_MONDAY = "select maxOrNull(toMonday(complete_through_at)) from marts.agg_data_watermark where source = 'all'"
LAST_RUN = """
select
    status, reason, ifNull(toString(toDate(as_of_at)), '') as as_of, model, model_version,
    labelled_count, training_count, test_count, scored_count
from ops.churn_runs order by trained_at desc, model_version limit 1
"""
LAST_COURSES = """
select course_id, any(reason) as course_reason, countIf(isNotNull(score)) as scored, count() as learners
from ops.churn_scores
where (model_version, trained_at) in (
    select model_version, trained_at from ops.churn_runs order by trained_at desc, model_version limit 1
)
group by course_id order by course_id
"""
LAST_FIGURES = """
select measure, value, value_low, value_high from ops.churn_figures
where model_version = {version:String} and model = {model:String} and scope_kind = 'all'
order by trained_at desc, measure limit 1 by measure
"""


def read_training_set(client: Client) -> pd.DataFrame:
    """All rows of marts.agg_churn_training; raises the engine's error when the mart was not built."""
    rows = client.query_df(f"select {', '.join((*COLUMNS, *NAMES))} from marts.agg_churn_training")
    if rows.empty:
        return pd.DataFrame(columns=[*COLUMNS, *NAMES])
    for column in ("as_of_at", "horizon_at", "start_week_date"):
        rows[column] = pd.to_datetime(rows[column]).dt.tz_localize(None)
    for column in ("learner_id", "course_id", "acquisition_channel", "label_reason"):
        rows[column] = rows[column].astype(str)
    return rows


def read_last_monday(client: Client) -> pd.Timestamp | None:
    """The newest Monday that the data reach; None before the first event."""
    [[monday]] = client.query(LAST_MONDAY).result_rows
    return None if monday is None else pd.Timestamp(monday)


def write_run(client: Client, run: Run) -> None:
    """Leaves a run in ops: its scores and figures first, so that a run that is listed is whole."""
    trained_at = server_now(client)
    as_of_at = _moment(run.as_of_at)
    head = (run.model_version, trained_at)
    insert_rows(
        client,
        "churn_scores",
        (*KEY, "as_of_at", "learner_id", "course_id", "score", "status", "reason", "top_reasons"),
        [
            (
                *head,
                as_of_at,
                row.learner_id,
                row.course_id,
                _number(row.score),
                row.status,
                row.reason,
                row.top_reasons,
            )
            for row in run.scores.itertuples()
        ],
    )
    insert_rows(
        client,
        "churn_figures",
        (*KEY, "as_of_at", "scope_kind", "scope", "model", "measure", "value", "value_low", "value_high"),
        [_figure_row(head, as_of_at, figure) for figure in run.figures if isfinite(figure.value)],
    )
    counts = [run.counts[name] for name in COUNTS]
    status = PUBLISHED if run.is_published else NOT_PUBLISHED
    insert_rows(
        client,
        "churn_runs",
        (*KEY, "as_of_at", "tested_since_at", "status", "reason", "model", *(f"{name}_count" for name in COUNTS)),
        [(*head, as_of_at, _moment(run.tested_since), status, run.reason, run.chosen, *counts)],
    )


def _figure_row(head: tuple, as_of_at: datetime | None, figure: Figure) -> tuple:
    place = (figure.scope_kind, figure.scope, figure.model, figure.measure)
    return (*head, as_of_at, *place, float(figure.value), _number(figure.low), _number(figure.high))


def last_run(client: Client) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The newest training run and the figures of its model; empty before the first."""
    runs = list(client.query(LAST_RUN).named_results())
    if not runs:
        return {}, []
    [run] = runs
    asked = {"version": run["model_version"], "model": run["model"]}
    return run, list(client.query(LAST_FIGURES, parameters=asked).named_results())


def last_courses(client: Client) -> list[dict[str, Any]]:
    """The courses of the newest run: how many learners were to be scored, how many were, and why the others not."""
    return list(client.query(LAST_COURSES).named_results())


def read_interventions(text: str) -> list[tuple]:
    """Contacts from CSV text; raises ValueError that names the line and what was expected there."""
    reader = csv.DictReader(StringIO(text))
    missing = set(INTERVENTION_COLUMNS) - set(reader.fieldnames or ())
    if missing:
        raise ValueError(
            f"line 1: expected the columns {', '.join(INTERVENTION_COLUMNS)}; missing: {', '.join(sorted(missing))}"
        )
    return [_intervention(reader.line_num, row) for row in reader]


def _intervention(line: int, row: dict[str, str | None]) -> tuple:
    values = [(row[name] or "").strip() for name in INTERVENTION_COLUMNS]
    empty = [name for name, value in zip(INTERVENTION_COLUMNS, values, strict=True) if not value]
    if empty:
        raise ValueError(f"line {line}: expected a value for {', '.join(empty)}")
    learner_id, course_id, at, kind = values
    if "@" in learner_id or len(learner_id) != 32:
        raise ValueError(
            f"line {line}: expected a learner_id as marts.agg_learners_to_contact has it (32 characters), not a name "
            "or an address"
        )
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        raise ValueError(f"line {line}: contacted_at is '{at}', expected a time such as 2026-01-31T09:00Z") from None
    return learner_id, course_id, moment if moment.tzinfo else moment.replace(tzinfo=UTC), kind


def write_interventions(client: Client, rows: list[tuple]) -> int:
    """Records contacts; a contact that is there already is not counted twice. Returns how many rows were sent.

    Contacts with learners who were erased are left out: `warehouse erase` removed them, and a list may be older.
    """
    erased = erased_among(client, {row[0] for row in rows})
    kept = [row for row in rows if row[0] not in erased]
    insert_rows(client, "interventions", INTERVENTION_COLUMNS, kept)
    return len(kept)


def _moment(stamp: pd.Timestamp | None) -> datetime | None:
    return None if stamp is None or pd.isna(stamp) else stamp.to_pydatetime().replace(tzinfo=UTC)


def _number(value: float | None) -> float | None:
    return None if value is None or not isfinite(value) else float(value)
