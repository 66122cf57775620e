"""The model card: one HTML page per training run, in plain words first and in figures for analysts below."""

from pathlib import Path

import pandas as pd

from orchestration.churn.card_words import USE, gate_title, meaning, promise, scope, short
from orchestration.churn.evaluation import Figure
from orchestration.churn.features import FEATURES
from orchestration.churn.plots import calibration_plot, escape, interval_plot
from orchestration.churn.training import Run

FOLDER = "churn"
STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}"
    "table{border-collapse:collapse}td,th{padding:.25rem .75rem;border-bottom:1px solid #ddd;text-align:left;"
    "vertical-align:top}b{white-space:nowrap}svg{max-width:46rem;width:100%;font-size:12px}.plot svg{max-width:24rem}"
    ".no{color:#a3271b}.yes{color:#1b7a3d}.status{font-size:1.2rem}.course{white-space:nowrap}"
    "details{margin-top:2rem}summary{cursor:pointer;font-weight:600}"
)
MEASURES = {
    "auc_pr": "AUC-PR (higher is better)",
    "brier": "Brier score (lower is better)",
    "calibration_error": "Calibration error (lower is better)",
    "lift": "Lift at 10 % (higher is better)",
}
MODELS = {"boosting": "Gradient boosting", "logistic": "Logistic regression", "baseline": "Days since last activity"}


def write_card(run: Run, home: Path) -> Path:
    """Writes the page of the run below the home, `churn/<Monday>-<model version>.html`; returns its path."""
    folder = home / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    day = f"{run.as_of_at:%Y-%m-%d}" if run.as_of_at is not None else "no-data"
    path = folder / f"{day}-{run.model_version}.html"
    path.write_text(card(run), encoding="utf-8")
    return path


def card(run: Run) -> str:
    """The page as text."""
    day = _day(run.as_of_at) if run.as_of_at is not None else "no week yet"
    parts = [f"<h1>Who is about to leave: {day}</h1>", _status(run), f"<p>{meaning(run)} {USE}</p>"]
    if run.figures:
        parts += [_calibration(run), _parts(run)]
    parts += [_gates(run), _told(), _details(run)]
    head = (
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>Churn model {run.model_version}</title><style>{STYLE}</style>"
    )
    return f'<!doctype html><html lang="en"><head>{head}</head><body>{"".join(parts)}</body></html>\n'


def _day(moment: pd.Timestamp) -> str:
    return f"{moment.day} {moment:%B %Y}"


def _status(run: Run) -> str:
    if run.is_published:
        return f'<p class="status"><b class="yes">Scores are published.</b> {escape(scope(run))}</p>'
    instead = "Until then the list of learners to contact goes by silence and segments."
    return f'<p class="status"><b class="no">No score is published:</b> {escape(run.reason)}. {instead}</p>'


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """Cells are text, or start with a tag of ours."""
    top = "".join(f"<th>{escape(name)}</th>" for name in head)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{top}</tr>{body}</table>"


def _calibration(run: Run) -> str:
    return (
        f"<h2>Do the scores come true?</h2><p>{promise(run)} This was counted on the weeks since "
        f"{_day(run.tested_since)}, which the model had not seen.</p>"
        f'<div class="plot">{calibration_plot(run.curve)}</div>'
        "<p>Each dot is a group of learners with like scores. On the dashed line, as many left as the scores said; "
        "above it more left, below it fewer.</p>"
    )


def _parts(run: Run) -> str:
    base = {
        (figure.scope_kind, figure.scope): figure.value for figure in run.figures if figure.measure == "churned_ratio"
    }
    slices = [
        (_part_name(figure), figure.value, figure.low, figure.high, base[figure.scope_kind, figure.scope])
        for figure in run.figures
        if figure.measure == "auc_pr" and figure.model == run.chosen
    ]
    return (
        "<h2>Where does it find them well?</h2><p>How well the order of the scores finds those who leave (AUC-PR), by "
        "course and channel. The further a dot lies to the right of the orange tick, the better: the tick is a random "
        "order. The line is the 95 % interval. <i>New cohorts</i> began after the weeks that taught the model.</p>"
        + interval_plot("How well leaving learners are found, by part", slices)
    )


def _part_name(figure: Figure) -> str:
    kinds = {"all": "all learners", "cohorts": "new cohorts", "course": short(figure.scope)}
    return kinds.get(figure.scope_kind, f"{figure.scope_kind}: {figure.scope}")


def _gates(run: Run) -> str:
    rows = [
        (
            '<b class="yes">✓ yes</b>' if gate.holds else '<b class="no">✗ no</b>',
            escape(gate_title(gate)),
            f'<span class="course" title="{escape(gate.course_id)}">{escape(short(gate.course_id) or "all")}</span>',
            escape(gate.reason),
        )
        for gate in run.gates
    ]
    note = "Scores of all are published only if every check of all holds; a check of one course speaks of that course."
    return f"<h2>Checks</h2><p>{note}</p>" + _table(("", "Check", "Of", "Found"), rows)


def _told() -> str:
    told = "; ".join(feature.title for feature in FEATURES)
    return f"<h2>What the model is told</h2><p>{escape(told)}; acquisition channel. All as known on the Monday.</p>"


def _details(run: Run) -> str:
    since = f"{run.tested_since:%Y-%m-%d}" if run.tested_since is not None else "none: too few weeks"
    rows = [(f"Learner-weeks: {name}", f"{count:,}") for name, count in run.counts.items()]
    rows += [
        ("Judged on Mondays since", since),
        ("Model", MODELS.get(run.chosen, "none")),
        ("Version", run.model_version),
    ]
    figures = _figures(run) if run.figures else "<p>No model was fitted.</p>"
    return f"<details open><summary>For analysts</summary>{_table(('What', 'Value'), rows)}{figures}</details>"


def _figures(run: Run) -> str:
    whole = {(figure.model, figure.measure): figure for figure in run.figures if figure.scope_kind == "all"}
    rows = [(name, *(_shown(whole[kind, measure]) for measure in MEASURES)) for kind, name in MODELS.items()]
    parts = [
        (name.removeprefix("brier_"), f"{whole[run.chosen, name].value:.4f}")
        for name in ("brier_reliability", "brier_resolution", "brier_uncertainty")
    ]
    return (
        "<h3>Figures on weeks that the model has not seen</h3>"
        + _table(("Model", *MEASURES.values()), rows)
        + "<p>Intervals of 95 % from resampled learners.</p><h3>Brier score of the model, taken apart</h3>"
        + _table(("Part", "Value"), parts)
    )


def _shown(figure: Figure) -> str:
    return f"{figure.value:.3f} ({figure.low:.3f} to {figure.high:.3f})"
