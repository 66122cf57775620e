"""How rows look: a grid that fits, else one column a line; ids lose their middle in a grid only."""

import io

from rich.console import Console

from orchestration.commands.rows_display import CELL_WIDTH, ID_WIDTH, cell_text, show_rows, table_of

IRI = "https://lms.example/courses/statistics-101/modules/3/videos/the-central-limit-theorem"
UUID = "5e0b0b0e-8f6b-4c8e-9d5e-2f9f5a1c7b3d"


def shown(names: list[str], rows: list[tuple], width: int) -> str:
    text = io.StringIO()
    show_rows(Console(file=text, width=width, highlight=False), names, rows)
    return text.getvalue()


def test_cells():
    assert cell_text(None) == ""
    assert cell_text(1 / 3) == "0.333333"
    assert cell_text("[bold]") == "\\[bold]"
    assert len(cell_text("some words " * 100)) == CELL_WIDTH


def test_a_terminal_obeys_no_title():
    assert "\x1b" not in cell_text("\x1b[2Jgone")
    assert "\x9b" not in shown(["a" * 30, "b" * 30], [("\x9b31mred", "x" * 30)], width=40)


def test_a_long_id_keeps_both_ends_and_a_uuid_all():
    assert cell_text(IRI) == "https://lms…entral-limit-theorem"
    assert len(cell_text("a" * 64)) <= ID_WIDTH
    assert cell_text(UUID) == UUID


def test_numbers_stand_to_the_right():
    table = table_of(["name", "share"], [("a", None), ("b", 0.5)])
    assert [column.justify for column in table.columns] == ["left", "right"]


def test_what_fits_is_a_grid():
    text = shown(["video_id", "lost"], [(IRI, 12), ("short", 3)], width=80)
    assert "https://lms…entral-limit-theorem" in text
    assert "row 1" not in text


def test_what_is_wider_than_the_terminal_is_one_column_a_line_with_whole_ids():
    names = [f"column_{number}" for number in range(12)]
    text = shown(["video_id", *names], [(IRI, *range(12)), (None, *range(12))], width=100)
    lines = text.splitlines()
    assert lines[0].startswith("row 1 ─")
    assert any(line.split() == ["video_id", IRI] for line in lines)
    assert [line.split() for line in lines if line.startswith("column_11")] == [["column_11", "11"]] * 2
    assert sum(line.startswith("row ") for line in lines) == 2


def test_the_same_rows_are_a_grid_in_a_wider_terminal():
    names = [f"column_{number}" for number in range(12)]
    assert "row 1" not in shown(names, [tuple(range(12))], width=160)
    assert "row 1" in shown(names, [tuple(range(12))], width=60)


def test_markup_in_a_record_is_text():
    assert "[red]danger[/red]" in shown(["a" * 20, "b" * 20], [("[red]danger[/red]", 1)], width=40)


def test_an_answer_without_rows_is_the_names_of_its_columns():
    text = shown(["a", "b" * 50], [], width=30)
    assert "a" in text
    assert "row" not in text
