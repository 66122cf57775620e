"""The drop-off curve in the terminal, and numbers in the table."""

from orchestration.commands.findings_display import clock, curve_lines, number, share_at

BINS = [(0.0, 300.0, 1.0), (300.0, 600.0, 0.5)]


def test_the_curve_falls_where_the_shares_do():
    assert curve_lines(BINS, 300.0, width=20, height=4) == [
        " 100 % ┤██████████          ",
        "       ┤██████████          ",
        "  50 % ┤████████████████████",
        "       ┤████████████████████",
        "   0 % └──────────┴─────────",
        "        0:00      ▲ planted at 5:0010:00",
    ]


def test_a_hidden_share_repeats_the_last_known_one():
    assert share_at([(0, 10, 0.8), (10, 20, None)], 15) == 0.8


def test_clock():
    assert [clock(0), clock(240), clock(599.6)] == ["0:00", "4:00", "10:00"]


def test_numbers():
    assert [number(1234567), number(0.6004), number(190567.61), number(None), number("hard")] == [
        "1,234,567",
        "0.600",
        "190,567.6",
        "",
        "hard",
    ]
