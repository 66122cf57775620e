"""The state of the warehouse for a person."""

import io
from datetime import UTC, date, datetime, timedelta

import pytest
from rich.console import Console

from orchestration.commands.status_display import show, verdict
from orchestration.loading import Status
from orchestration.loading.state.alerts import RecordedAlert
from orchestration.loading.state.builds import Build
from orchestration.loading.state.history import LoadDay, Reconcile, ReconcileFinding, Revocation
from orchestration.loading.state.object_states import Totals
from orchestration.loading.state.refused import HeldObject, Unread
from orchestration.loading.state.watermarks import Lateness, Watermark

NOON = datetime(2025, 9, 8, 12, tzinfo=UTC)
LONG_KEY = "events/web/dt=2025-09-08/hour=11/" + "a-long-name-" * 6 + "[x].ndjson.gz"
REASON = "lines that do not say who: 3, at most 1 allowed; lines that do not say when: 3, at most 1 allowed"


def everything() -> Status:
    """A status with a row in every section, in the numbers of a large warehouse."""
    totals = [
        Totals("live", 1_234_567, 12_345_678_901, 12_345_000_000, 678_901, 10**13, 10**14),
        Totals("superseded", 34_567, 345_678_901, 345_678_901, 0, 10**12, 10**13),
        Totals("held", 2, 6, 6, 0, 1234, 12345),
    ]
    retry = NOON + timedelta(minutes=5)
    held = HeldObject("0198-load", "o3", "lake", "events/web/held.ndjson", REASON, 3, 0, NOON, NOON, NOON)
    return Status(
        taken_at=NOON,
        bucket="lake",
        listed=1_269_148,
        live=1_234_567,
        superseded=34_567,
        held=2,
        parked=2,
        ignored=3,
        due=7,
        waiting=1,
        gone_from_lake=1,
        gone_keys=["events/web/gone.ndjson"],
        older_version_live=1,
        totals=totals,
        lines_accepted=12_345_000_000,
        lines_rejected=678_901,
        rejected_by_reason={"not_json": 678_000, "too_long": 901},
        parked_objects=[
            Unread("o1", "lake", LONG_KEY, "unreadable", "inflate failed " * 9, True, 1, NOON, None, NOON),
            Unread("o2", "lake", "events/web/slow.ndjson", "timeout", "too slow", False, 3, NOON, retry, NOON),
        ],
        waiting_objects=[
            Unread("o4", "lake", "events/web/flaky.ndjson", "lake_error", "503", False, 1, NOON, retry, NOON)
        ],
        held_objects=[held],
        seen_in_older_version=["events/web/held.ndjson"],
        ignored_by_reason={"working file of another tool": 3},
        loads_by_day=[
            LoadDay(date(2025, 9, 6), 144, 12_345, 98_765_432, 12, 10**10),
            LoadDay(date(2025, 9, 7)),
            LoadDay(date(2025, 9, 8), 1, 1, 1, 0, 10),
        ],
        revocations=[Revocation("replayed", "the exporter sent the wrong course ids", 12, NOON, NOON)],
        reconcile=Reconcile(
            NOON, {"objects": 9}, [ReconcileFinding("missing_in_lake", "events/web/gone.ndjson", "", "", "x")]
        ),
        lateness=[Lateness("web", 123_456_789, 0.4, 75.0, 9000.0, 8e6)],
        watermarks=[Watermark("web", NOON, NOON)],
        builds=[Build("b", "nightly", "failure", "f", "test x failed [3 rows]", NOON - timedelta(minutes=2), NOON)],
        alerts=[
            RecordedAlert(
                NOON, "statements_have_one_content", "web", f"{LESS_EVENTS}: 1,234, at most 56 expected (hour)", 22
            ),
            RecordedAlert(NOON, "plays_have_an_end", "app[1]", "plays without an end: 9, at most 1 expected", 1),
        ],
    )


LESS_EVENTS = "events fewer than in this hour of earlier weeks"


def shown(state: Status, width: int = 80, **options) -> str:
    written = io.StringIO()
    show(state, Console(file=written, width=width, highlight=False, **options))
    return written.getvalue()


def test_the_equation_has_one_line_per_state():
    lines = [line.split() for line in shown(everything()).splitlines()]
    assert ["1,269,148", "objects", "listed"] in lines
    parts = [line[:3] for line in lines if line[:1] in (["="], ["+"])]
    assert parts == [
        ["=", "1,234,567", "live"],
        ["+", "34,567", "superseded"],
        ["+", "2", "held"],
        ["+", "2", "parked"],
        ["+", "3", "ignored"],
        ["+", "7", "due"],
    ]


@pytest.mark.parametrize("is_terminal", [True, False])
def test_it_fits_80_columns_even_with_large_numbers(is_terminal: bool):
    """Except keys, which must stay whole to be copied, and in a pipe messages, which must be found."""
    text = shown(everything(), force_terminal=is_terminal, no_color=True, color_system=None)
    messages = ("long-name", "inflate")
    wide = [line for line in text.splitlines() if len(line) > 80 and not any(message in line for message in messages)]
    assert wide == []
    assert "…" not in text, "nothing is cut off"
    assert "12,345,678,901" in text
    assert "12,691,357,808" in text, "in all"


def test_keys_are_never_broken_and_their_brackets_are_no_markup():
    for is_terminal in (True, False):
        assert f"  {LONG_KEY}\n" in shown(everything(), force_terminal=is_terminal, color_system=None)


def test_a_pipe_gets_no_escapes_and_whole_messages():
    text = shown(everything())
    assert "\x1b" not in text
    assert "    " + ("inflate failed " * 9).rstrip() in text
    assert "    lines that do not say who: 3, at most 1 allowed\n    lines that do not say when" in text


def test_a_terminal_gets_colours():
    assert "\x1b[" in shown(everything(), force_terminal=True, color_system="standard")


def test_each_section_is_there():
    text = shown(everything())
    for part in (
        "Parked",
        "unreadable · 1 try · failed 2025-09-08 12:00 · never tried again",
        "timeout · 3 tries · failed 2025-09-08 12:00 · next try in 5.0 min",
        "Failed, to be tried again",
        "Load 0198-load of 2025-09-08 12:00: 1 object",
        "an earlier delivery of this key stays live",
        "missing in lake: x",
        "replayed",
        "the exporter sent the wrong course ids",
        "Rejected lines of live objects: not_json: 678,000, too_long: 901",
        "1 live object is no longer in the lake; readers still see:",
        "Of 1 key an older version stays live until the newer one passes.",
        "0.4 s  1.2 min  2.5 h  92.6 d",
        "nightly: test x failed [3 rows]",
    ):
        assert part in text


def test_days_without_loads_are_shown_as_such():
    days = [line.split() for line in shown(everything()).splitlines() if " 2025-09-0" in line and "·" not in line]
    assert ["Sun", "2025-09-07", "–"] in days
    assert any(day[:4] == ["Sat", "2025-09-06", "144", "12,345"] and day[-1].startswith("█") for day in days)


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        (Status(), "The lake is empty: 'warehouse put PATH' delivers files"),
        (Status(listed=2, live=1, superseded=1), "All that was delivered is published."),
        (Status(listed=1, due=1), "1 object is due: 'warehouse run' loads them."),
        (Status(listed=3, live=1, held=1, parked=1), "2 delivered objects are not published: 1 held by the gate, 1 pa"),
        (Status(listed=3, live=1), "The numbers do not add up: please report this"),
        (Status(listed=1, live=1, miscounted_keys=["k"]), "The numbers do not add up: please report this"),
        (Status(listed=None, lake_error="down", live=1), "The lake cannot be listed. This is what the ledger knows:"),
        (Status(listed=None, due=None, is_lake_listed=False), "The ledger is empty: nothing was loaded yet."),
        (
            Status(listed=None, due=None, is_lake_listed=False, live=1, totals=[Totals("live", 1)]),
            "The lake was not listed. This is what the ledger knows:",
        ),
    ],
)
def test_the_first_sentence_is_the_verdict(state: Status, sentence: str):
    assert verdict(state)[1].startswith(sentence)
    assert shown(state).startswith(sentence)


def test_an_empty_lake_is_one_sentence():
    assert len(shown(Status()).splitlines()) == 1


def test_without_a_listing_what_it_would_tell_is_unknown():
    state = Status(listed=None, ignored=None, due=None, live=3, lake_error="The lake at x does not answer.")
    state.totals = [Totals("live", 3, 30, 30)]
    text = shown(state)
    assert "The lake at x does not answer." in text
    assert [line.split()[:3] for line in text.splitlines() if " due " in line] == [["+", "?", "due"]]


def test_before_the_first_build_it_says_how_to_build():
    assert "The marts are not built yet: 'warehouse run' builds them." in shown(Status(listed=1, due=1))


def test_alerts_name_source_and_rows_at_fault_and_are_left_out_when_there_are_none():
    text = " ".join(shown(everything()).split())
    assert "Alerts of 2025-09-08 12:00 UTC; nothing is held for them" in text
    assert "plays_have_an_end app[1] plays without an end: 9, at most 1 expected" in text
    assert "22 rows" in text
    assert "Alerts" not in shown(Status())
