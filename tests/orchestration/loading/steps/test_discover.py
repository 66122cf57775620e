"""Discovery page by page gives what discovery at once would, and asks the ledger about the page only."""

import pytest

from orchestration.loading import is_anything_due, load_pending, pending
from orchestration.loading.lake.scope import Scope
from orchestration.loading.steps import discover as discover_module
from orchestration.loading.steps.discover import Discovery, discover, discover_pages


@pytest.fixture(scope="module", autouse=True)
def delivered(warehouse, lake, settings, put, statement) -> None:
    for number in range(7):
        put(f"events/web/{number}.ndjson", [statement(number)])
    put("catalog/c.ndjson", [{"activity_id": "a"}])
    put("events/web/_SUCCESS", b"")
    put("events/web/cut.ndjson.gz", b"not gzip")
    put("events/web/a?.ndjson", b"{}\n")
    load_pending(warehouse, lake, settings)
    put("events/web/8.ndjson", [statement(8)])
    put("events/app/9.ndjson", [statement(9)])


def counts(discovery: Discovery) -> dict[str, int]:
    return {name: len(content) for name, content in vars(discovery).items() if isinstance(content, list)}


@pytest.mark.parametrize("page", [1, 2, 3, 5, 1000])
def test_pages_add_up_to_the_whole(warehouse, lake, monkeypatch, page: int) -> None:
    monkeypatch.setattr(discover_module, "MAX_IDS", page)
    pages = list(discover_pages(warehouse, lake))
    assert max(one_page.listed_count for one_page in pages) <= page
    whole, unsettled = Discovery(), Discovery()
    for one_page in pages:
        whole.add(one_page)
        unsettled.add_unsettled(one_page)
    assert counts(whole) == {"committed": 8, "parked": 2, "ignored": 1, "unsafe": 0, "ready": 2, "waiting": 0}
    assert counts(unsettled) == {"committed": 0, "parked": 2, "ignored": 0, "unsafe": 0, "ready": 2, "waiting": 0}
    assert whole.listed_count == unsettled.listed_count == 13


def test_a_page_asks_about_its_own_objects_only(warehouse, lake, monkeypatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr(discover_module, "MAX_IDS", 4)
    for name in ("committed_ids", "failures"):
        ask = getattr(discover_module, name)

        def remember(client, object_ids, ask=ask):
            asked.append(len(object_ids))
            return ask(client, object_ids)

        monkeypatch.setattr(discover_module, name, remember)
    discover(warehouse, lake)
    assert max(asked) <= 4


def test_what_lies_outside_of_the_scope_is_not_looked_at(warehouse, lake) -> None:
    assert [drop.key for drop in pending(warehouse, lake, Scope(("events/app/",)))] == ["events/app/9.ndjson"]
    assert counts(discover(warehouse, lake, Scope(("catalog/",)))) | {"committed": 1} == counts(
        discover(warehouse, lake, Scope(("catalog/",)))
    )


def test_a_load_of_a_part_leaves_the_rest_due(warehouse, lake, settings, passing_judge) -> None:
    report = load_pending(warehouse, lake, settings, scope=Scope(("events/app/",)))
    assert (report.object_count, report.judgement.published_count) == (1, 1)
    assert is_anything_due(warehouse, lake)
    assert [drop.key for drop in pending(warehouse, lake)] == ["events/web/8.ndjson"]
    assert load_pending(warehouse, lake, settings).object_count == 1
    assert not is_anything_due(warehouse, lake)
