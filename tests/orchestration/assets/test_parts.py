"""A long build goes in parts: the ten-minute models first, nothing twice, everything after what it is made from."""

from orchestration.assets import parts as parts_module
from orchestration.assets.parts import parts_of, words_for

LONG = [f"b{number}" for number in range(60)]


def node(name: str, *parents: str, tags: tuple[str, ...] = (), kind: str = "model") -> dict:
    return {
        "resource_type": kind,
        "depends_on": {"nodes": list(parents)},
        "tags": list(tags),
        "fqn": ["project", "marts", name],
    }


MANIFEST = {
    "nodes": {
        # A seed has no list of what it is made from.
        "seed": node("seed", kind="seed") | {"depends_on": {"macros": []}},
        "staging": node("staging", "source"),
        "fact": node("fact", "staging", "seed", tags=("near_real_time",)),
        "a_late_one": node("a_late_one", "b59"),
        **{name: node(name, "fact", *LONG[:place][-1:]) for place, name in enumerate(LONG)},
        "test": node("test", "fact", kind="test"),
    }
}
ALL = [name for name in MANIFEST["nodes"] if name != "test"]


def test_the_ten_minute_models_and_what_they_need_come_first() -> None:
    first, *rest = parts_of(MANIFEST, "nightly", ALL)
    assert set(first) == {"seed", "staging", "fact"}
    assert [len(part) for part in rest] == [60, 1]


def test_each_model_is_in_one_part_after_all_that_it_is_made_from() -> None:
    order = [name for part in parts_of(MANIFEST, "weekly", ALL) for name in part]
    assert sorted(order) == sorted(ALL)
    place = {name: number for number, name in enumerate(order)}
    for name in ALL:
        parents = MANIFEST["nodes"][name]["depends_on"].get("nodes", [])
        assert all(place[parent] < place[name] for parent in parents if parent in place)


def test_the_ten_minute_job_and_a_selection_by_hand_are_one_part() -> None:
    assert parts_of(MANIFEST, "near_real_time", ["fact", "seed", "staging"]) == [["seed", "staging", "fact"]]
    assert len(parts_of(MANIFEST, "__ASSET_JOB", ALL)) == 1
    assert parts_of(MANIFEST, "nightly", ["b0"]) == [["b0"]]


def test_a_part_leaves_out_the_others_and_what_comes_after_a_failure(monkeypatch) -> None:
    monkeypatch.setattr(parts_module, "PART_MODELS", 100)
    parts = parts_of(MANIFEST, "nightly", ["fact", "b0", "b1"])
    assert parts == [["fact"], ["b0", "b1"]]
    assert words_for(parts, 0, [], MANIFEST) == ["--exclude", "fqn:project.marts.b0 fqn:project.marts.b1"]
    assert words_for(parts, 1, ["fact"], MANIFEST) == ["--exclude", "fqn:project.marts.fact fqn:project.marts.fact+"]
    assert words_for([["fact"]], 0, [], MANIFEST) == []
