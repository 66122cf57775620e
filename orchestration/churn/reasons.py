"""Why a score is high or low, in words: what it would be if one thing about the learner were as usual."""

import numpy as np
import pandas as pd

from orchestration.churn.features import CHANNEL, FEATURES, NAMES
from orchestration.churn.model import Fitted, log_odds, with_values

TOP = 3
LEAST_EFFECT = 0.05
"""Change of the log odds below which a thing is no reason."""
WORDS = {feature.name: feature.words for feature in FEATURES}


def top_reasons(model: Fitted, rows: pd.DataFrame, usual: pd.DataFrame) -> list[list[str]]:
    """Up to three reasons for each row, the strongest first. `usual` are the rows whose medians count as usual."""
    matrix = model.encoder.matrix(rows)
    base = log_odds(model.scores_of(matrix))
    medians = np.nanmedian(with_values(model.encoder.matrix(usual)[:, : len(NAMES)]), axis=0)
    shares = model.encoder.matrix(usual)[:, len(NAMES) :].mean(axis=0)
    names, effects = [], []
    for name, places in model.encoder.groups:
        names.append(name)
        if name == CHANNEL:
            effects.append(base - _mean_over_channels(model, matrix, places, shares))
            continue
        changed = matrix.copy()
        changed[:, places[0]] = medians[places[0]]
        effects.append(base - log_odds(model.scores_of(changed)))
    effect = np.column_stack(effects) if len(rows) else np.zeros((0, len(names)))
    order = np.argsort(-np.abs(effect), axis=1, kind="stable")[:, :TOP]
    values = rows[[*NAMES, CHANNEL]].to_dict("records")
    return [
        [
            _say(names[place], values[row], medians, effect[row, place])
            for place in order[row]
            if _counts(effect[row, place])
        ]
        for row in range(len(rows))
    ]


def _mean_over_channels(model: Fitted, matrix: np.ndarray, places: list[int], shares: np.ndarray) -> np.ndarray:
    """Log odds if the learner had come through the usual mix of channels."""
    mean = np.zeros(len(matrix))
    for place, share in zip(places, shares, strict=True):
        changed = matrix.copy()
        changed[:, places] = 0
        changed[:, place] = 1
        mean += share * log_odds(model.scores_of(changed))
    return mean


def _counts(effect: float) -> bool:
    return abs(effect) >= LEAST_EFFECT


def _say(name: str, row: dict, medians: np.ndarray, effect: float) -> str:
    direction = "raises the risk" if effect > 0 else "lowers the risk"
    if name == CHANNEL:
        return f"came through {row[CHANNEL]}: {direction}"
    value = row[name]
    if value is None or value != value:
        return f"{WORDS[name].format('no')}: {direction}"
    return f"{WORDS[name].format(_short(value))} (usual {_short(medians[NAMES.index(name)])}): {direction}"


def _short(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0") if abs(value) >= 1 or value == 0 else f"{value:.2f}"
