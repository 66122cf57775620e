"""The load from end to end: what is delivered counts once, whatever is delivered again."""

from orchestration.loading import live_fingerprint, load_pending, pending, status


def test_all_kinds_are_loaded_into_their_tables(warehouse, put, load, statement) -> None:
    put("events/web/dt=2026-01-05/a.ndjson.gz", [statement(i) for i in range(1000)])
    put("events/mobile/b.ndjson", [statement(i) for i in range(10)])
    put("catalog/c.ndjson", [{"activity_id": "x"}])
    put("learners/l.ndjson", [{"actor": {"mbox": "mailto:a@example.org"}}])
    put("changes/c.ndjson", [{"activity_id": "x", "entry": "changed", "at": "2026-01-05T10:00:00Z"}])
    report = load()
    assert (report.object_count, report.line_count, report.rejected_count) == (5, 1013, 0)
    rows = warehouse.query("select source, object_key, count(), max(line_number) from raw.event_lines group by all")
    assert set(rows.result_rows) == {
        ("web", "events/web/dt=2026-01-05/a.ndjson.gz", 1000, 1000),
        ("mobile", "events/mobile/b.ndjson", 10, 10),
    }
    assert warehouse.query("select count() from raw.catalog_lines").result_rows == [(1,)]
    assert warehouse.query("select count() from raw.learner_lines").result_rows == [(1,)]
    assert warehouse.query("select count() from raw.change_lines").result_rows == [(1,)]


def test_lines_are_kept_verbatim_and_stamped_with_their_delivery(warehouse, lake) -> None:
    line, delivered_at = warehouse.query(
        "select line, delivered_at from raw.event_lines where object_key = 'events/mobile/b.ndjson' and line_number = 3"
    ).result_rows[0]
    assert line.startswith('{"id": "00000000-0000-4000-8000-000000000002"')
    listed = {entry.key: entry.last_modified for entry in lake.list_objects("events/mobile/")}
    assert delivered_at == listed["events/mobile/b.ndjson"]


def test_a_second_load_changes_nothing(warehouse, lake, load) -> None:
    before = live_fingerprint(warehouse)
    report = load()
    assert (report.object_count, report.judgement.judged_count, report.parked, report.failed) == (0, 0, [], [])
    assert pending(warehouse, lake) == []
    assert live_fingerprint(warehouse) == before


def test_an_overwritten_object_supersedes_itself_also_from_a_to_b_to_a(put, load, live_lines, statement) -> None:
    key = "events/web/over.ndjson"
    for lines in (3, 5, 3):
        put(key, [statement(i) for i in range(lines)])
        assert load().object_count == 1
        assert dict(live_lines())[key] == lines


def test_a_copy_under_another_key_is_live_as_well(put, load, live_lines, statement) -> None:
    """Statements are deduplicated later; two deliveries are two deliveries."""
    put("events/web/copy.ndjson", [statement(i) for i in range(3)])
    load()
    assert dict(live_lines())["events/web/copy.ndjson"] == 3


def test_an_empty_object_is_committed_with_no_lines(warehouse, put, load) -> None:
    for key in ("events/web/empty.ndjson", "events/web/empty.ndjson.gz", "events/web/zero.ndjson.gz"):
        put(key, b"" if "zero" in key else [])
    assert load().object_count == 3
    assert load().object_count == 0


def test_keys_with_quotes_spaces_and_letters_of_other_scripts_are_read_as_they_are(put, load, live_lines, statement):
    keys = [f"events/web/{name}.ndjson" for name in ("it's", "a b", "100%", "per%41cent", "#1", "ü", "a,b", "a+b=c&d")]
    for key in keys:
        put(key, [statement(1)])
    assert load().object_count == len(keys)
    assert set(keys) <= {key for key, _ in live_lines()}


def test_every_listed_object_is_in_exactly_one_state(warehouse, lake, put, load) -> None:
    put("events/web/_SUCCESS", b"")
    put("events/web/a.csv", b"1,2")
    put("events/web/cut.ndjson.gz", b"not gzip")
    load()
    put("events/web/late.ndjson", b"{}\n")
    now = status(warehouse, lake)
    assert now.adds_up
    assert (now.ignored, now.parked, now.due) == (2, 1, 1)
    assert now.live == now.listed - 4
    assert now.parked_objects[0].key == "events/web/cut.ndjson.gz"


def test_an_object_deleted_in_the_lake_stays_live_and_is_reported(warehouse, lake, delete, load, live_lines) -> None:
    key = "events/web/copy.ndjson"
    delete(key)
    load()
    assert key in dict(live_lines())
    assert status(warehouse, lake).gone_from_lake == 1


def test_progress_tells_how_far_the_load_is(warehouse, lake, settings, put, passing_judge, statement) -> None:
    put("events/web/progress.ndjson", [statement(1)])
    seen = []
    load_pending(warehouse, lake, settings, on_progress=seen.append)
    assert [step.stage for step in seen] == ["loading", "judging"]
    assert (seen[-1].objects_done, seen[-1].objects_total, seen[-1].line_count) == (1, 1, 1)
