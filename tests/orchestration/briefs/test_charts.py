"""Where things stand in the pictures: what is unknown has no place, and labels do not cover each other."""

from orchestration.briefs.charts.curves import curve, lines, spread
from orchestration.briefs.charts.plot import band, path
from orchestration.briefs.charts.rows import bars, dots, triangle


def bin_of(number: int, survival: float | None) -> dict:
    known = survival is not None
    return {
        "bin_start_seconds": 60 * number,
        "bin_end_seconds": 60 * (number + 1),
        "survival": survival,
        "survival_low": survival - 0.1 if known else None,
        "survival_high": min(1, survival + 0.1) if known else None,
        "survival_reason": "" if known else "censored",
    }


def test_a_missing_point_breaks_the_line():
    assert path([(0, 0), (1, 1), None, (2, 2), (3, 3)]) == "M0 0L1 1M2 2L3 3"


def test_a_band_has_a_part_for_each_stretch_that_is_known():
    drawn = band([(0, 2), None, (2, 2)], [(0, 1), None, (2, 1)])
    assert drawn == "M0 1L0 2ZM2 1L2 2Z"


def test_a_curve_starts_at_everybody_and_falls_to_its_value():
    drawn = curve([bin_of(0, 0.9), bin_of(1, 0.4)], [(60, 80, "1:00")])
    assert drawn.line.startswith(f"M{drawn.plot.x(0):g} {drawn.plot.y(1):g}L")
    assert drawn.line.endswith(f"{drawn.plot.x(1):g} {drawn.plot.y(0.4):g}")
    assert drawn.spots[0].x == drawn.plot.x(0.5)
    assert [label for _, label in drawn.x_ticks] == ["0:00", "0:30", "1:00", "1:30", "2:00"]


def test_a_curve_that_is_unknown_is_a_word_and_no_line():
    drawn = curve([bin_of(0, None), bin_of(1, None)], [])
    assert (drawn.line, drawn.band, drawn.unknown_label) == ("", "", "too early to say")


def test_labels_keep_their_order_and_their_distance():
    moved = spread({"a": 10.0, "b": 11.0, "c": 60.0}, 15)
    assert moved == {"a": 10.0, "b": 25.0, "c": 60.0}


def test_a_channel_without_any_value_has_no_line():
    drawn = lines({"known": [(0.9, 0.8, 1.0)], "unknown": [(None, None, None)]}, "weeks")
    assert [line.label for line in drawn.lines if line.path.count("L")] == ["known"]


def test_a_value_that_is_missing_has_no_mark():
    drawn = dots([("a", "", "", [(0.5, 0.4, 0.6), (None, None, None)], "too few", 0.7)], ["crude", "adjusted"])
    assert [dot.series for dot in drawn.rows[0].dots] == [0]
    assert drawn.rows[0].missing == "too few"


def test_tiles_tell_a_share_from_what_is_not_known():
    drawn = triangle([("W1", "", [(0.0, "", ""), (None, "suppressed", ""), (None, "censored", "")])])
    assert [(tile.kind, tile.text) for tile in drawn.tiles] == [
        ("value", "0\u00a0%"),
        ("suppressed", "few"),
        ("censored", ""),
    ]


def test_the_longest_bar_fills_the_frame_and_the_smallest_can_be_seen():
    drawn = bars([("many", 100_000, ""), ("one", 1, "")])
    assert drawn.bars[0].x + drawn.bars[0].width == drawn.plot.x(1)
    assert drawn.bars[1].width >= 2
