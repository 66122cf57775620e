"""What goes wrong on the way is counted: an independent reading of all files must find the same numbers."""

from collections import Counter
from datetime import datetime
from itertools import pairwise

from orchestration.simulate.truth import Truth
from tests.orchestration.simulate.accepted import Accepted, Lake, learner, occurred_at, reject_reason


def test_an_independent_reader_counts_what_the_truth_says(accepted: Accepted, truth: Truth, lake: Lake) -> None:
    counts = truth.counts
    assert len(lake.event_files) == counts.files
    assert accepted.line_count == counts.lines
    assert dict(accepted.rejected) == counts.rejected
    assert dict(accepted.quarantined) == counts.quarantined
    assert (len(accepted.voided), accepted.voiding_count) == (counts.voided, counts.voiding)
    assert len(accepted.statements) == counts.events
    assert accepted.copy_count - len(accepted.statements) == counts.duplicates
    assert len({learner(statement["actor"]) for statement in accepted.statements.values()}) == counts.learners_active


def test_the_lines_add_up(truth: Truth) -> None:
    counts = truth.counts
    copies = counts.events + counts.duplicates + counts.voided + counts.voiding
    assert counts.lines == counts.rejected_lines + counts.quarantined_statements + copies


def test_every_kind_of_fault_occurs(truth: Truth) -> None:
    counts = truth.counts
    assert set(counts.rejected) == {"not_json", "not_object", "invalid_utf8"}
    assert len(counts.quarantined) == 11
    assert min(counts.duplicates, counts.voided, counts.late_statements, counts.assumed_utc) > 0


def test_refused_lines_stay_below_one_percent_of_each_file(lake: Lake) -> None:
    lines, refused = Counter(), Counter()
    for path, line in lake.event_lines():
        lines[path] += 1
        refused[path] += reject_reason(line) != ""
    assert max(refused[path] / lines[path] for path in lines) < 0.01


def test_sessions_are_cut_at_silences_of_more_than_half_an_hour(accepted: Accepted, truth: Truth) -> None:
    by_learner: dict[str, list[datetime]] = {}
    for statement in accepted.statements.values():
        by_learner.setdefault(learner(statement["actor"]), []).append(occurred_at(statement))
    sessions = 0
    for moments in by_learner.values():
        moments.sort()
        sessions += 1 + sum((b - a).total_seconds() > 1800 for a, b in pairwise(moments))
    assert sessions == truth.counts.sessions


def test_some_phones_send_the_hash_of_the_address_that_the_web_sends(accepted: Accepted) -> None:
    kinds: dict[str, set[str]] = {}
    for statement in accepted.statements.values():
        kinds.setdefault(learner(statement["actor"]), set()).update(statement["actor"].keys() - {"objectType"})
    assert {"mbox", "mbox_sha1sum"} in kinds.values()


def test_late_statements_lie_in_a_later_folder_than_their_day(accepted: Accepted, truth: Truth) -> None:
    late = 0
    for key, statement in accepted.statements.items():
        folder_days = [path.split("dt=")[1][:10] for path in accepted.files_of[key] if "/late-" in path]
        late += len(folder_days)
        assert all(day > occurred_at(statement).date().isoformat() for day in folder_days)
    assert late == truth.counts.late_statements


def test_timestamps_without_a_zone_are_counted(accepted: Accepted, truth: Truth) -> None:
    zoneless = [
        s for s in accepted.statements.values() if not s["timestamp"].endswith("Z") and "+" not in s["timestamp"]
    ]
    assert len(zoneless) == truth.counts.assumed_utc


def test_some_voids_are_delivered_before_what_they_void(lake: Lake) -> None:
    seen: set[str] = set()
    early = 0
    for _, line in lake.event_lines():
        if reject_reason(line):
            continue
        text = line.decode()
        if '"StatementRef"' in text:
            early += text.split('"StatementRef","id":"')[1][:36] not in seen
        seen.add(text[7:43])
    assert early > 0
