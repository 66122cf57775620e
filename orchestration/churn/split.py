"""Earlier weeks teach, later weeks judge; a random share would let the model see the weeks that it is asked of."""

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class Split:
    """Rows with a label, by their weeks. No label of the training rows looks beyond `tested_since`."""

    training: pd.DataFrame
    test: pd.DataFrame
    tested_since: pd.Timestamp | None


def labelled(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows whose horizon is inside the watermark."""
    return rows[rows["label_reason"].astype(str) == ""]


def newest(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows to score: the last Monday's, without those who have completed or left, and of courses that go on."""
    last = rows[rows["as_of_at"] == rows["as_of_at"].max()]
    return last[last["label_reason"].astype(str) == "censored"]


def split_by_time(rows: pd.DataFrame, test_ratio: float) -> Split:
    """The last weeks that hold `test_ratio` of the rows judge; weeks whose horizon reaches into them are left out."""
    counts = rows.groupby("as_of_at").size().sort_index()
    if len(counts) < 2:
        return Split(rows.iloc[:0], rows.iloc[:0], None)
    later = counts[::-1].cumsum()[::-1]
    enough = later[later >= test_ratio * len(rows)]
    since = enough.index.max()
    test = rows[rows["as_of_at"] >= since]
    training = rows[rows["horizon_at"] <= since]
    return Split(training, test, since)


def of_new_cohorts(split: Split) -> pd.Series:
    """Which test rows are of cohorts that no training row is of."""
    return ~split.test["start_week_date"].isin(split.training["start_week_date"].unique())
