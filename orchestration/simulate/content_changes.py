"""What designers wrote down: a place that is known, and two videos that were cut again, one of them in vain."""

from datetime import UTC, datetime, time, timedelta

from orchestration.simulate.catalogue import Catalogue, Unit
from orchestration.simulate.plants import STARTED_ON
from orchestration.simulate.truth import RecutTruth

# As var content_change_spot_seconds of dbt: how far around the place that was written down learners are counted.
SPOT_REACH_SECONDS = 15.0
# Where exits that are not planted lie in a video, as shares of its length; see `video._draw_ends`.
EXITS_FROM, EXITS_TO = 0.02, 0.94
_REACHES = (-SPOT_REACH_SECONDS, SPOT_REACH_SECONDS)


def change_lines(catalogue: Catalogue) -> list[dict[str, object]]:
    """The lines of the changes drop."""
    units = _units(catalogue)
    known, recut, idle = (units[catalogue.plants[name]] for name in ("leave_video", "recut_video", "idle_recut_video"))
    return [
        _line(known, "known", recut.recut_day - 14, "Six of ten leave here, before the first exercise is explained."),
        _line(recut, "being_worked_on", recut.recut_day - 7, "The derivation is cut out; the example stays."),
        _line(recut, "changed", recut.recut_day, "The derivation is gone.", kind="recut"),
        _line(idle, "changed", idle.recut_day, "A new picture and better sound.", kind="recut"),
    ]


def recut_truths(catalogue: Catalogue) -> list[RecutTruth]:
    """The video that the new cut helped, and the one that it did not."""
    units = _units(catalogue)
    return [_truth(units[catalogue.plants[name]]) for name in ("recut_video", "idle_recut_video")]


def hazard(video: Unit, leave_ratio: float) -> float:
    """P(the first pass ends in the place | it played any of it): those who leave there, and a few anywhere."""
    first, last = (_exits_before(video, video.leave_at_seconds + reach) for reach in _REACHES)
    at_risk = leave_ratio + (1 - leave_ratio) * (1 - first)
    return (leave_ratio + (1 - leave_ratio) * (last - first)) / at_risk


def _exits_before(video: Unit, seconds: float) -> float:
    """Share of those who do not leave at the planted spot whose first pass ends before this."""
    share = (seconds / video.length_seconds - EXITS_FROM) / (EXITS_TO - EXITS_FROM)
    return video.exit_ratio * min(max(share, 0.0), 1.0)


def _truth(video: Unit) -> RecutTruth:
    before, after = (round(hazard(video, ratio), 4) for ratio in (video.leave_ratio, video.leave_ratio_after))
    effect = "takes the place away" if after < before else "changes nothing"
    sentence = f"'{video.title}' is cut again after {video.recut_day} days, which {effect}."
    return RecutTruth(video.activity_id, video.title, _moment(video.recut_day), before, after, sentence)


def _line(unit: Unit, entry: str, day: int, note: str, **more: str) -> dict[str, object]:
    place = {"position_seconds": unit.leave_at_seconds}
    return {"activity_id": unit.activity_id, "entry": entry, "at": _moment(day), **more, **place, "note": note}


def _moment(day: int) -> str:
    moment = datetime.combine(STARTED_ON, time(), UTC) + timedelta(days=day)
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _units(catalogue: Catalogue) -> dict[str, Unit]:
    return {unit.activity_id: unit for module in catalogue.modules() for unit in module.units}
