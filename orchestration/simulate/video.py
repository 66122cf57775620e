"""A video player: people play, pause, seek, change the rate, leave early, close the tab; the player reports it all.

The player's own `played-segments` and `progress` accompany pause, completion and termination, as in the Video Profile.
"""

from dataclasses import dataclass

import numpy as np

from orchestration.simulate import draws
from orchestration.simulate.catalogue import Module, Unit
from orchestration.simulate.identifiers import random_uuids
from orchestration.simulate.statements import (
    EXTENSION,
    VIDEO_CATEGORY,
    Recorder,
    object_json,
    place_json,
    verb_json,
)

PAUSE, SEEK_BACK, RATE_CHANGE, SEEK_FORWARD = 0, 1, 2, 3
FIRST_ACT_RATIO, SECOND_PAUSE_RATIO = 0.5, 0.22
ACT_SHARES = (0.62, 0.16, 0.10, 0.12)
LONGEST_PAUSE_SECONDS = 600.0
TAB_CLOSE_RATIO = 0.2
TERMINATED_RATIO = 0.75
# Share of phone views whose statements all carry the time of the upload, because the app was offline.
QUEUED_RATIO = 0.02
FULL_SCREEN_RATIO = 0.4
# Leavers spread over a few seconds on both sides, but clear of the borders of the 2-second bins around the spot.
LEAVE_SPREAD_SECONDS = (0.3, 1.7)
DAY_SECONDS = 86_400
VIDEO_VERBS = ("initialized", "played", "paused", "seeked", "rate_changed", "completed", "terminated")


@dataclass
class Viewing:
    """Who watches when, and what came of it (`ends_at`, `is_finished`, `watched_seconds` are filled by `watch`)."""

    visits: np.ndarray
    starts_at: np.ndarray
    rate: np.ndarray
    is_mobile: np.ndarray
    stays: np.ndarray


@dataclass
class Watched:
    """What the generator knows of each view: the truth behind the statements."""

    ends_at: np.ndarray
    is_finished: np.ndarray
    is_leaver: np.ndarray
    is_tab_closed: np.ndarray
    is_queued: np.ndarray
    watched_seconds: np.ndarray


class Player:
    """The state of many players of one video at once; each method moves or reports those under a mask."""

    def __init__(
        self, recorder: Recorder, rng: np.random.Generator, module: Module, video: Unit, viewing: Viewing
    ) -> None:
        count = len(viewing.visits)
        self.recorder, self.rng, self.viewing = recorder, rng, viewing
        self.length = video.length_seconds
        self.clock = viewing.starts_at.copy()
        self.stamp = np.full(count, np.nan)
        self.rate = viewing.rate.copy()
        self.position, self.segment_start = np.zeros(count), np.zeros(count)
        self.furthest, self.covered, self.watched = np.zeros(count), np.zeros(count), np.zeros(count)
        self.segments = [""] * count
        self.sessions = random_uuids(rng, count)
        length = f"{video.length_seconds:g}"
        place = place_json(module.course_id, module.activity_id, category=VIDEO_CATEGORY)
        self.start = f'{place},"extensions":{{"{EXTENSION}session-id":"'
        self.middle = f'","{EXTENSION}length":{length},"{EXTENSION}completion-threshold":"1.0"'
        thing = object_json(video.activity_id, "video", video.title)
        self.ends = {verb: f"}}}},{verb_json(verb)},{thing}" for verb in VIDEO_VERBS}

    def advance(self, mask: np.ndarray, to: np.ndarray) -> None:
        """Plays up to `to`: the clock runs at the rate, plus now and then a moment of buffering."""
        span = np.where(mask, to - self.position, 0.0)
        buffering = np.minimum(self.rng.exponential(0.15, len(span)), 1.0)
        self.clock += np.where(mask, span / self.rate + buffering, 0.0)
        self.covered += np.where(mask, np.maximum(to - np.maximum(self.furthest, self.position), 0.0), 0.0)
        self.watched += span
        self.position = np.where(mask, to, self.position)
        self.furthest = np.maximum(self.furthest, self.position)

    def wait(self, mask: np.ndarray, seconds: np.ndarray) -> None:
        self.clock += np.where(mask, seconds, 0.0)

    def close_segment(self, mask: np.ndarray) -> None:
        starts, ends = self.segment_start.tolist(), self.position.tolist()
        for i in np.flatnonzero(mask).tolist():
            before = self.segments[i]
            self.segments[i] = f"{before}[,]{starts[i]}[.]{ends[i]}" if before else f"{starts[i]}[.]{ends[i]}"

    def jump(self, mask: np.ndarray, to: np.ndarray) -> None:
        self.position = np.where(mask, to, self.position)
        self.segment_start = np.where(mask, to, self.segment_start)

    def report(self, verb: str, mask: np.ndarray, results: list[str], extras: list[str] | str = "") -> None:
        """Sends one statement for each player under the mask; results and extras are given for those only."""
        chosen = np.flatnonzero(mask)
        if not len(chosen):
            return
        extra_list = [extras] * len(chosen) if isinstance(extras, str) else extras
        bodies = [
            f"{self.start}{self.sessions[i]}{self.middle}{extra}{self.ends[verb]}{result}"
            for i, extra, result in zip(chosen.tolist(), extra_list, results, strict=True)
        ]
        seconds = np.where(np.isnan(self.stamp), self.clock, self.stamp)[chosen]
        self.recorder.add(self.viewing.visits[chosen], seconds, bodies)

    def times(self, mask: np.ndarray) -> list[str]:
        return [f',"result":{{"extensions":{{"{EXTENSION}time":{p}}}}}' for p in self.position[mask].tolist()]

    def summaries(self, mask: np.ndarray, is_complete: bool = False) -> list[str]:
        """The result of a pause, completion or termination: time, progress, what was played."""
        chosen = np.flatnonzero(mask).tolist()
        progress = np.round(np.minimum(self.covered / self.length, 1.0), 3)[mask].tolist()
        opening = ',"result":{"completion":true,"extensions":{' if is_complete else ',"result":{"extensions":{'
        return [
            f'{opening}"{EXTENSION}time":{p},"{EXTENSION}progress":{share},'
            f'"{EXTENSION}played-segments":"{self.segments[i]}"}}}}'
            for i, p, share in zip(chosen, self.position[mask].tolist(), progress, strict=True)
        ]

    def speeds(self, mask: np.ndarray) -> list[str]:
        return [f',"{EXTENSION}speed":"{rate:g}x"' for rate in self.rate[mask].tolist()]


def _draw_ends(rng: np.random.Generator, video: Unit, viewing: Viewing) -> tuple[np.ndarray, np.ndarray]:
    """Where the first pass ends: at the planted spot, somewhere (a low, even hazard), or at the end of the video."""
    stays, count = viewing.stays, len(viewing.stays)
    is_recut = (viewing.starts_at >= video.recut_day * DAY_SECONDS) & (video.recut_day > 0)
    leave_ratio = np.where(is_recut, video.leave_ratio_after, video.leave_ratio)
    is_leaver = draws.balanced_draw(rng, np.where(stays, 0.0, leave_ratio), stays + 2 * is_recut)
    is_exit = (rng.random(count) < video.exit_ratio) & ~is_leaver & ~stays
    somewhere = rng.uniform(0.02, 0.94, count) * video.length_seconds
    side = np.where(rng.random(count) < 0.5, -2.0, 0.0)
    spot = video.leave_at_seconds + side + rng.uniform(*LEAVE_SPREAD_SECONDS, count)
    ends = np.where(is_leaver, spot, np.where(is_exit, somewhere, video.length_seconds))
    return np.round(ends, 3), is_leaver


def _pause(player: Player, mask: np.ndarray) -> None:
    player.close_segment(mask)
    player.report("paused", mask, player.summaries(mask))
    pause = np.minimum(np.exp(player.rng.normal(3.2, 1.1, len(mask))), LONGEST_PAUSE_SECONDS)
    player.wait(mask, 1.0 + pause)
    player.jump(mask, player.position)
    player.report("played", mask, player.times(mask), player.speeds(mask))


def seek_to(player: Player, mask: np.ndarray, to: np.ndarray) -> None:
    """Jumps and says so: what was played before is a segment."""
    player.close_segment(mask)
    origin = player.position[mask].tolist()
    player.jump(mask, np.round(to, 3))
    results = [
        f',"result":{{"extensions":{{"{EXTENSION}time-from":{start},"{EXTENSION}time-to":{end}}}}}'
        for start, end in zip(origin, player.position[mask].tolist(), strict=True)
    ]
    player.report("seeked", mask, results)


def _change_rate(player: Player, mask: np.ndarray) -> None:
    player.rate = np.where(mask, player.rng.choice([1.0, 1.25, 1.5], len(mask)), player.rate)
    player.report("rate_changed", mask, player.times(mask), player.speeds(mask))


def _first_act(player: Player, video: Unit, ends: np.ndarray, may_act: np.ndarray) -> None:
    """In the first part of the view, half of the people pause, seek or change the rate."""
    rng, count = player.rng, len(ends)
    act = rng.choice(4, count, p=ACT_SHARES)
    at = np.round(ends * rng.uniform(0.1, 0.6, count), 3)
    ahead = np.round(at + rng.uniform(10, 60, count), 3)
    # No learner skips over the planted spot: who is not at risk there would not leave there.
    may_skip = (ahead < ends - 10) & (video.leave_ratio == 0)
    act = np.where((act == SEEK_FORWARD) & ~may_skip, PAUSE, act)
    is_acting = may_act & (rng.random(count) < FIRST_ACT_RATIO)
    player.advance(is_acting, at)
    _pause(player, is_acting & (act == PAUSE))
    seek_to(player, is_acting & (act == SEEK_BACK), np.maximum(at - rng.uniform(5, 30, count), 0.0))
    _change_rate(player, is_acting & (act == RATE_CHANGE))
    seek_to(player, is_acting & (act == SEEK_FORWARD), ahead)


def stop_at(player: Player, mask: np.ndarray) -> None:
    """Paused where the player stands, and gone."""
    player.close_segment(mask)
    player.report("paused", mask, player.summaries(mask))
    player.wait(mask, np.full(len(mask), 1.0))
    player.report("terminated", mask, player.summaries(mask))


def _finish(player: Player, is_finished: np.ndarray, is_tab_closed: np.ndarray) -> None:
    """Completed, paused and gone, or (tab closed) nothing at all."""
    player.close_segment(~is_tab_closed)
    player.report("completed", is_finished, player.summaries(is_finished, is_complete=True))
    is_exit = ~is_finished & ~is_tab_closed
    player.report("paused", is_exit, player.summaries(is_exit))
    is_terminated = ~is_tab_closed & (player.rng.random(len(is_finished)) < TERMINATED_RATIO)
    player.wait(is_terminated, player.rng.uniform(0.5, 4.0, len(is_finished)))
    player.report("terminated", is_terminated, player.summaries(is_terminated))


def watch(recorder: Recorder, rng: np.random.Generator, module: Module, video: Unit, viewing: Viewing) -> Watched:
    """Plays one video to many people and records their statements."""
    count = len(viewing.visits)
    player = Player(recorder, rng, module, video, viewing)
    everyone = np.ones(count, bool)
    ends, is_leaver = _draw_ends(rng, video, viewing)
    is_finished = ends >= video.length_seconds
    is_plain = video.leave_ratio == 0
    is_queued = viewing.is_mobile & (rng.random(count) < QUEUED_RATIO) & is_plain
    is_tab_closed = ~is_finished & ~is_queued & (rng.random(count) < TAB_CLOSE_RATIO) & is_plain

    loading = rng.uniform(0.5, 3.0, count)
    player.stamp = np.where(is_queued, player.clock + loading + ends / player.rate + 2.0, np.nan)
    full_screen = [
        f',"{EXTENSION}full-screen":{"true" if draw < FULL_SCREEN_RATIO else "false"}' for draw in rng.random(count)
    ]
    player.report("initialized", everyone, [""] * count, full_screen)
    player.wait(everyone, loading)
    player.report("played", everyone, player.times(everyone), player.speeds(everyone))
    _first_act(player, video, ends, ~is_queued)
    pauses_again = ~is_queued & (rng.random(count) < SECOND_PAUSE_RATIO)
    player.advance(pauses_again, np.round(player.position + (ends - player.position) * rng.uniform(0.2, 0.8, count), 3))
    _pause(player, pauses_again)
    player.advance(everyone, ends)
    _finish(player, is_finished, is_tab_closed)
    ends_at = np.where(is_queued, np.maximum(player.clock, player.stamp), player.clock)
    return Watched(ends_at, is_finished, is_leaver, is_tab_closed, is_queued, player.watched)
