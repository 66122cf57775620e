"""`warehouse report`: the weekly brief as one file."""

from pathlib import Path

from orchestration.commands.context import open_warehouse
from orchestration.commands.display import output, print_note
from orchestration.commands.errors import CommandError

FOLDER = "briefs"


def run_report(course: str, out: Path | None) -> None:
    """Write the brief to `out`, else into the home; prints where it is.

    Raises CommandError for an unknown course, an ending that is neither .html nor .pdf, an empty warehouse, and a PDF
    that cannot be printed.
    """
    from orchestration.briefs import NothingToTell, UnknownCourse, write_brief
    from orchestration.briefs.pdf import NoPdf, find_browser, print_pdf

    is_pdf = _is_pdf(out)
    try:
        if is_pdf:
            find_browser()  # before the work, not after it
        with open_warehouse() as warehouse:
            written = write_brief(warehouse.connect(), course)
            target = out or warehouse.settings.home / FOLDER / file_name(written.week_label, course)
            target.parent.mkdir(parents=True, exist_ok=True)
            if is_pdf:
                print_pdf(written.html, target)
            else:
                target.write_text(written.html, encoding="utf-8")
    except (NothingToTell, UnknownCourse, NoPdf) as error:
        raise CommandError(str(error)) from error
    print_note(f"The brief of week {written.week_label}:")
    output().print(str(target), soft_wrap=True, markup=False)


def file_name(week: str, course: str) -> str:
    """`2025-W45.html`; of one course `2025-W45-data-literacy.html`."""
    words = "".join(letter if letter.isalnum() else "-" for letter in course.rpartition("/")[2].lower())
    name = "-".join(part for part in words.split("-") if part)[:60]
    return f"{week}-{name}.html" if name and name != "all" else f"{week}.html"


def _is_pdf(out: Path | None) -> bool:
    if out is None:
        return False
    ending = out.suffix.lower()
    if ending not in (".html", ".htm", ".pdf"):
        raise CommandError(f"--out is '{out}'; it must end in .html or .pdf.")
    return ending == ".pdf"
