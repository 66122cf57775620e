"""The model card: one HTML page per training run, with what was found and what the scores are for."""

from pathlib import Path

from orchestration.churn.features import FEATURES
from orchestration.churn.plots import calibration_plot, escape, interval_plot
from orchestration.churn.training import Run

FOLDER = "churn"
STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}"
    "table{border-collapse:collapse}td,th{padding:.25rem .75rem;border-bottom:1px solid #ddd;text-align:left}"
    "svg{max-width:46rem;width:100%;font-size:12px}.plot svg{max-width:24rem}.no{color:#a3271b}.yes{color:#1b7a3d}"
)
MEASURES = ("auc_pr", "brier", "calibration_error", "lift")
USE = (
    "A score is the probability that a learner does nothing in the course for the horizon, without having completed it "
    "or unenrolled. It is meant for choosing whom to write to first. It is not meant for grading, for decisions "
    "against a learner, or for learners of other programmes. It says what goes with leaving, not what causes it."
)


def write_card(run: Run, home: Path) -> Path:
    """Writes the page of the run below the home, `churn/<Monday>-<model version>.html`; returns its path."""
    folder = home / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    day = f"{run.as_of_at:%Y-%m-%d}" if run.as_of_at is not None else "no-data"
    path = folder / f"{day}-{run.model_version}.html"
    path.write_text(card(run))
    return path


def card(run: Run) -> str:
    """The page as text."""
    status = (
        '<b class="yes">Scores are published.</b>'
        if run.is_published
        else f'<b class="no">No score is published:</b> {escape(run.reason)}'
    )
    day = f"{run.as_of_at:%d %B %Y}" if run.as_of_at is not None else "no week"
    parts = [
        f"<h1>Churn model, {day}</h1><p>{status}</p>",
        f"<p>{USE}</p>",
        _facts(run),
        _gates(run),
        _figures(run),
        "<h2>What the model is told</h2><p>"
        + "; ".join(feature.words.format("n") for feature in FEATURES)
        + "; the acquisition channel. Each is as it was known on the Monday.</p>",
    ]
    head = f'<meta charset="utf-8"><title>Churn model {run.model_version}</title><style>{STYLE}</style>'
    return f'<!doctype html><html lang="en"><head>{head}</head><body>{"".join(parts)}</body></html>\n'


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    top = "".join(f"<th>{escape(name)}</th>" for name in head)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{top}</tr>{body}</table>"


def _facts(run: Run) -> str:
    since = f"{run.tested_since:%Y-%m-%d}" if run.tested_since is not None else "none: too few weeks"
    rows = [(f"Learner-weeks: {name}", f"{count:,}") for name, count in run.counts.items()]
    rows += [("Judged on Mondays since", since), ("Model", run.chosen or "none"), ("Version", run.model_version)]
    return "<h2>Data</h2>" + _table(("What", "Value"), rows)


def _gates(run: Run) -> str:
    rows = [
        ("holds" if gate.holds else "FAILS", gate.name.replace("_", " "), gate.course_id or "all", gate.reason)
        for gate in run.gates
    ]
    return "<h2>Gates</h2>" + _table(("", "Gate", "Of", "Found"), rows)


def _figures(run: Run) -> str:
    if not run.figures:
        return "<h2>Figures</h2><p>No model was fitted.</p>"
    whole = {(each.model, each.measure): each for each in run.figures if each.scope_kind == "all"}
    rows = [
        (kind, *(_shown(whole[kind, measure]) for measure in MEASURES)) for kind in ("boosting", "logistic", "baseline")
    ]
    parts = [
        (name.removeprefix("brier_"), f"{whole[run.chosen, name].value:.4f}")
        for name in ("brier_reliability", "brier_resolution", "brier_uncertainty")
    ]
    base = {(each.scope_kind, each.scope): each.value for each in run.figures if each.measure == "churned_ratio"}
    slices = [
        (
            f"{each.scope_kind}: {each.scope.rsplit('/', 1)[-1]}",
            each.value,
            each.low,
            each.high,
            base[each.scope_kind, each.scope],
        )
        for each in run.figures
        if each.measure == "auc_pr" and each.model == run.chosen
    ]
    return (
        "<h2>Figures on weeks that the model has not seen</h2>"
        + _table(("Model", *(name.replace("_", " ") for name in MEASURES)), rows)
        + "<p>Intervals of 95 % from resampled learners. Baseline: days since the last activity.</p>"
        + "<h3>Brier score, taken apart</h3>"
        + _table(("Part", "Value"), parts)
        + f'<h3>Calibration</h3><div class="plot">{calibration_plot(run.curve)}</div>'
        + "<h3>AUC-PR by part; the tick is what a random order of the part has</h3>"
        + interval_plot("AUC-PR by part", slices)
    )


def _shown(figure) -> str:
    return f"{figure.value:.3f} ({figure.low:.3f} to {figure.high:.3f})"
