"""The oracle's account of a warehouse's lines beside the marts: what differs, in words."""

from collections.abc import Callable
from dataclasses import replace

from clickhouse_connect.driver.client import Client

from tests.oracle.curve import Bin, curves
from tests.oracle.marts import Rows, enrolments_of, learners_of, pairs_of, places_of, rows_of
from tests.oracle.oracle import Account
from tests.oracle.progress import progress
from tests.oracle.retention import retention
from tests.oracle.views import View, watched_wall

CLOSE = 1e-9


def differences(here: Rows, there: Rows) -> list[str]:
    """Rows that only one has, and values that are not the same: integers exactly, floats to 1e-9."""
    sentences = [f"only the oracle has {key}: {here[key]}" for key in sorted(here.keys() - there.keys(), key=str)]
    sentences += [f"only the mart has {key}: {there[key]}" for key in sorted(there.keys() - here.keys(), key=str)]
    for key in sorted(here.keys() & there.keys(), key=str):
        unlike = {
            name: (value, there[key][name]) for name, value in here[key].items() if not _alike(value, there[key][name])
        }
        if unlike:
            sentences.append(f"{key}: (oracle, mart) {unlike}")
    return sentences


def _alike(mine: object, other: object) -> bool:
    if isinstance(mine, float) or isinstance(other, float):
        return mine is not None and other is not None and abs(mine - other) <= CLOSE
    return mine == other


def learner_ids(client: Client, account: Account) -> dict[str, str]:
    """The oracle's learner → the warehouse's pseudonym; fails where one has two."""
    ids = dict(client.query("select statement_id, learner_id from marts.fct_learning_events").result_rows)
    names: dict[str, str] = {}
    for event in account.events:
        pseudonym = ids.get(event.statement_id, "missing")
        assert names.setdefault(event.learner, pseudonym) == pseudonym, f"{event.learner} has two pseudonyms"
    assert len(set(names.values())) == len(names), "two learners have one pseudonym"
    return names


def known_as(account: Account, ids: dict[str, str]) -> Account:
    """The account with the warehouse's pseudonyms."""

    def renamed(things: list) -> list:
        return [replace(thing, learner=ids[thing.learner]) for thing in things]

    return replace(
        account,
        events=renamed(account.events),
        intervals=renamed(account.intervals),
        sessions=renamed(account.sessions),
        views=renamed(account.views),
    )


def of_events(client: Client, account: Account) -> list[str]:
    columns = ("source", "learner_id", "verb", "verb_group", "activity_id", "activity_type", "course_id", "occurred_at")
    mine = {
        (e.statement_id,): dict(
            zip(
                columns,
                (e.source, e.learner, e.verb, e.verb_group, e.activity_id, e.activity_type, e.course_id, e.at),
                strict=True,
            )
        )
        for e in account.events
    }
    return differences(mine, rows_of(client, "fct_learning_events", ("statement_id",), columns))


def of_intervals(client: Client, account: Account) -> list[str]:
    first_passes = {(i.statement_id, i.kind, i.start, i.repeat) for view in account.views for i in view.first_pass}
    mine = {
        (i.statement_id, i.kind, i.start, i.repeat): {
            "learner_id": i.learner,
            "video_id": i.video_id,
            "player_session_id": i.stream,
            "end_statement_id": i.next_id,
            "started_at": i.at,
            "end_seconds": i.end,
            "end_seconds_high": i.end_high,
            "watched_seconds": i.seconds,
            "wall_seconds": i.wall,
            "watched_wall_seconds": watched_wall(i),
            "playback_rate": i.rate,
            "has_position_outside": int(i.is_outside),
            "is_first_pass": int((i.statement_id, i.kind, i.start, i.repeat) in first_passes),
        }
        for i in account.intervals
    }
    columns = tuple(next(iter(mine.values())))
    key = ("start_statement_id", "kind", "start_seconds", "repeat_number")
    return differences(mine, rows_of(client, "fct_watch_intervals", key, columns))


def of_sessions(client: Client, account: Account) -> list[str]:
    members = dict(client.query("select statement_id, session_id from marts.fct_learning_events").result_rows)
    mine, sentences = {}, []
    for session in account.sessions:
        first, last = session.events[0], session.events[-1]
        ids = {members[event.statement_id] for event in session.events}
        if len(ids) != 1:
            sentences.append(f"one session of the oracle, from {first.statement_id}, is {len(ids)} sessions")
        mine[(members[first.statement_id],)] = {
            "learner_id": session.learner,
            "started_at": first.at,
            "ended_at": last.at,
            "wall_seconds": last.at - first.at,
            "active_seconds_low": session.active_low,
            "active_seconds_high": session.active_high,
            "event_count": len(session.events),
            "activity_count": len({event.activity_id for event in session.events}),
            "course_count": len({event.course_id for event in session.events} - {""}),
            "video_seconds": session.video,
            "first_activity_id": first.activity_id,
            "last_activity_id": last.activity_id,
            "entry_arrival_type": first.arrival,
            "is_bounce": int(len(session.events) == 1),
        }
    columns = tuple(next(iter(mine.values())))
    return sentences + differences(mine, rows_of(client, "fct_sessions", ("session_id",), columns))


def _view_row(view: View) -> dict[str, object]:
    length = view.length or None
    wall = sum(watched_wall(i) for i in view.intervals)
    return {
        "watched_seconds": view.watched,
        "unique_seconds": view.unique,
        "rewatched_seconds": view.watched - view.unique,
        "length_seconds": length,
        "coverage_ratio": view.unique / length if length else None,
        "coverage_ratio_high": view.unique_high / length if length else None,
        "furthest_seconds": view.furthest,
        "average_rate": view.watched / wall if wall else None,
        "first_pass_exit_seconds": view.first_exit,
        "first_pass_exit_seconds_high": view.first_exit_high,
        "first_pass_left_at": view.left_at,
        "seek_forward_count": view.seeks_forward,
        "seek_back_count": view.seeks_back,
        "skipped_seconds": view.skipped,
        "exit_kind": view.exit_kind,
        "is_completed": int(view.is_completed),
        "is_completed_reported": int(view.is_completed_reported),
        "is_completed_unwatched": int(view.is_completed_unwatched),
        "play_count": view.play_count,
        "stream_count": view.stream_count,
        "first_watched_at": min(i.at for i in view.intervals),
        "last_watched_at": view.last_at,
    }


def of_views(client: Client, account: Account) -> list[str]:
    mine = {(view.learner, view.video_id): _view_row(view) for view in account.views}
    columns = tuple(next(iter(mine.values())))
    return differences(mine, rows_of(client, "fct_video_views", ("learner_id", "video_id"), columns))


def _curve_row(one_bin: Bin) -> dict[str, object]:
    low, high = one_bin.hazard_bounds or (None, None)
    drop_low, drop_high = one_bin.drop_off_bounds or (None, None)
    return {
        "bin_end_seconds": one_bin.end,
        "started_count": one_bin.started,
        "at_risk_count": one_bin.at_risk,
        "dropped_count": one_bin.dropped,
        "censored_count": one_bin.censored,
        "viewer_count": one_bin.viewers,
        "view_count": one_bin.views,
        "seek_away_count": one_bin.seeks_away,
        "seek_into_count": one_bin.seeks_into,
        "hazard": one_bin.hazard,
        "hazard_low": low,
        "hazard_high": high,
        "hazard_reason": one_bin.hazard_reason,
        "survival": one_bin.survival,
        "survival_low": one_bin.survival_low,
        "survival_high": one_bin.survival_high,
        "survival_reason": one_bin.survival_reason,
        "drop_off_ratio": one_bin.drop_off,
        "drop_off_ratio_low": drop_low,
        "drop_off_ratio_high": drop_high,
        "drop_off_reason": one_bin.drop_off_reason,
        "rewatch_count": one_bin.again,
    }


def of_curves(client: Client, account: Account) -> list[str]:
    _, excluded = learners_of(client)
    mine = {
        (video, one_bin.start): _curve_row(one_bin)
        for video, timeline in curves(account.views, account.events, excluded).items()
        for one_bin in timeline
    }
    columns = tuple(next(iter(mine.values())))
    return differences(mine, rows_of(client, "agg_video_drop_off", ("video_id", "bin_start_seconds"), columns))


def of_retention(client: Client, account: Account) -> list[str]:
    channels, excluded = learners_of(client)
    cells = retention(account.events, enrolments_of(client), channels, excluded, account.complete_through)
    mine = {
        key: {
            "cohort_size": cell.cohort_size,
            "eligible_count": cell.eligible,
            "active_count": cell.active,
            "retention_ratio": cell.ratio,
            "retention_ratio_low": cell.bounds[0] if cell.bounds else None,
            "retention_ratio_high": cell.bounds[1] if cell.bounds else None,
            "retention_reason": cell.reason,
        }
        for key, cell in cells.items()
    }
    week = "toUnixTimestamp(toDateTime(cohort_week, 'UTC')) * 1000"
    key = ("cohort_basis", week, "course_id", "acquisition_channel", "age_weeks", "definition")
    columns = tuple(next(iter(mine.values())))
    return differences(mine, rows_of(client, "agg_cohort_retention", key, columns))


def of_progress(client: Client, account: Account) -> list[str]:
    units = pairs_of(client, "dim_units", "course_id", "unit_id")
    enrolled = pairs_of(client, "fct_enrolments", "learner_id", "course_id")
    mine = {key: vars(reached) for key, reached in progress(account.events, places_of(client), units, enrolled).items()}
    columns = tuple(next(iter(mine.values())))
    return differences(mine, rows_of(client, "fct_unit_progress", ("learner_id", "course_id", "unit_id"), columns))


EVERY: dict[str, Callable[[Client, Account], list[str]]] = {
    "fct_learning_events": of_events,
    "fct_watch_intervals": of_intervals,
    "fct_sessions": of_sessions,
    "fct_video_views": of_views,
    "agg_video_drop_off": of_curves,
    "agg_cohort_retention": of_retention,
    "fct_unit_progress": of_progress,
}
