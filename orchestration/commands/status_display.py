"""The status as a person reads it: a verdict, the equation, the lines, the days, then whatever needs a person.

Readable in 80 columns and in a pipe: tables have no frames, and a key stands on a line of its own, never broken, so
that it can be copied and searched for.
"""

from datetime import datetime
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table
from rich.text import Text

from orchestration.commands.figures import bar, bytes_in_words, count, seconds_in_words
from orchestration.commands.status_refusals import print_indented, show_refusals
from orchestration.loading.state.status_tables import COLUMNS, values_of

if TYPE_CHECKING:
    from rich.console import Console

    from orchestration.loading import Status

STATE_STYLES = {
    "live": "green",
    "superseded": "dim",
    "held": "yellow",
    "parked": "red",
    "ignored": "dim",
    "due": "cyan",
}
BAR_WIDTH = 16
SHOWN_DETAIL = 200
SHOWN_ROWS = 10


def show(status: "Status", console: "Console") -> None:
    """All sections; one without content is left out."""
    style, text = verdict(status)
    console.print(Text(text, style=style), soft_wrap=True)
    if status.lake_error:
        console.print(Text(f"  {status.lake_error}", style="red"), soft_wrap=True)
    if not (status.listed or any(state.objects for state in status.totals) or status.builds):
        return
    show_objects(status, console)
    show_lines(status, console)
    show_days(status, console)
    show_refusals(status, console)
    show_revocations(status, console)
    show_reach(status, console)
    show_alerts(status, console)
    show_builds(status, console)


def verdict(status: "Status") -> tuple[str, str]:
    """(style, the one sentence that a reader in a hurry needs)."""
    if not status.adds_up:
        return "bold red", "The numbers do not add up: please report this with the output of --json."
    if status.lake_error:
        return "bold red", "The lake cannot be listed. This is what the ledger knows:"
    if status.unpublished:
        parts = [f"{status.held:,} held by the gate"] * bool(status.held)
        parts += [f"{status.parked:,} parked"] * bool(status.parked)
        objects = count(status.unpublished, "delivered object is", "delivered objects are")
        return "bold yellow", f"{objects} not published: {', '.join(parts)}."
    if status.listed == 0 and not status.live:
        return "bold", "The lake is empty: 'warehouse put PATH' delivers files, 'warehouse demo' simulated ones."
    if status.due:
        return "bold cyan", f"{count(status.due, 'object is', 'objects are')} due: 'warehouse run' loads them."
    if not status.is_lake_listed:
        is_empty = not any(state.objects for state in status.totals)
        nothing = "The ledger is empty: nothing was loaded yet."
        return "bold", nothing if is_empty else "The lake was not listed. This is what the ledger knows:"
    return "bold green", "All that was delivered is published."


def show_objects(status: "Status", console: "Console") -> None:
    """The equation, one state per line."""
    where = f" in bucket {status.bucket}" if status.bucket else ""
    taken = f"  {moment(status.taken_at)} UTC"
    table = _table(console, f"Objects{where}", taken)
    table.show_header = False
    for justify in ("right", "right", "left", "left", "left"):
        table.add_column(justify=justify, no_wrap=True, overflow="crop", min_width=1)
    listed = "object listed" if status.listed == 1 else "objects listed"
    table.add_row("", _number(status.listed), Text(listed, style="bold"))
    for position, (state, style) in enumerate(STATE_STYLES.items()):
        number = getattr(status, state)
        share = bar(number or 0, status.listed or _known(status), BAR_WIDTH, console.encoding)
        sign = "=" if position == 0 else "+"
        name = Text(state, style=style if number else "dim")
        table.add_row(sign, _number(number), name, Text(share, style=style), Text(_gloss(status, state), style="dim"))
    console.print(table)
    for reason, number in sorted(status.ignored_by_reason.items()):
        console.print(f"    {number:,} ignored: {escape(reason)}", style="dim", soft_wrap=True)
    if status.older_version_live:
        note = "an older version stays live until the newer one passes"
        console.print(f"  Of {count(status.older_version_live, 'key', 'keys')} {note}.", soft_wrap=True)
    if status.gone_from_lake:
        note = count(status.gone_from_lake, "live object is", "live objects are")
        console.print(f"  {note} no longer in the lake; readers still see:", soft_wrap=True)
        _keys(console, status.gone_keys, status.gone_from_lake)


def _known(status: "Status") -> int:
    return status.live + status.superseded + status.held + status.parked


def _number(value: int | None) -> Text:
    return Text("?" if value is None else f"{value:,}", style="bold" if value else "dim")


def _gloss(status: "Status", state: str) -> str:
    if state == "due" and status.waiting:
        return f"{status.waiting:,} after a pause"
    return {
        "live": "readers see them",
        "superseded": "another version is live",
        "held": "behind the gate",
        "parked": "cannot be read",
        "ignored": "no drops",
        "due": "read by the next load",
    }[state]


def show_lines(status: "Status", console: "Console") -> None:
    """lines = accepted + rejected, per state and in all."""
    totals = [state for state in status.totals if state.objects]
    if not totals:
        return
    table = _table(console, "Lines read = accepted + rejected", "  over the whole ledger")
    _, *names = COLUMNS["totals"]
    for name in ("", *names, "stored"):
        table.add_column(name, justify="left" if name == "" else "right", no_wrap=True)
    for state in totals:
        _, *numbers = values_of("totals", state).values()
        name = Text(state.state, style=STATE_STYLES[state.state])
        table.add_row(name, *(f"{number:,}" for number in numbers), bytes_in_words(state.stored_bytes))
    if len(totals) > 1:
        sums = [sum(getattr(state, name) for state in totals) for name in names]
        stored = bytes_in_words(sum(state.stored_bytes for state in totals))
        table.add_row("in all", *(f"{total:,}" for total in sums), stored, style="bold")
    console.print(table)
    if status.rejected_by_reason:
        reasons = ", ".join(f"{reason}: {number:,}" for reason, number in status.rejected_by_reason.items())
        console.print(f"  Rejected lines of live objects: {escape(reasons)}", soft_wrap=True)
    if status.miscounted_keys:
        console.print("  [bold red]Counted otherwise by the gate than by the audit:[/]", soft_wrap=True)
        _keys(console, status.miscounted_keys, len(status.miscounted_keys))


def show_days(status: "Status", console: "Console") -> None:
    """One line per day, drawn by its lines."""
    if not status.loads_by_day:
        return
    table = _table(console, "Loads by day", "  UTC")
    _, *names = COLUMNS["loads_by_day"]
    for name in ("", *names, ""):
        table.add_column(name, justify="right" if name else "left", no_wrap=True, overflow="crop")
    most = max(day.lines for day in status.loads_by_day)
    for day in status.loads_by_day:
        share = bar(day.lines, most, BAR_WIDTH, console.encoding)
        if not day.loads:
            table.add_row(f"{day.day:%a %Y-%m-%d}", "–", style="dim")
            continue
        _, *numbers, rejected = values_of("loads_by_day", day).values()
        refused = Text(f"{rejected:,}", style="yellow" if rejected else "")
        table.add_row(
            f"{day.day:%a %Y-%m-%d}", *(f"{number:,}" for number in numbers), refused, Text(share, style="green")
        )
    console.print(table)


def show_revocations(status: "Status", console: "Console") -> None:
    if status.revocations:
        _show_list(status, "revocations", console, "Revoked commits", "  of the last 14 days")
        _say_more(console, len(status.revocations) - SHOWN_ROWS)


def show_reach(status: "Status", console: "Console") -> None:
    """Watermarks, and how late events come."""
    if status.watermarks:
        _show_list(status, "watermarks", console, "How far the events reach")
    if status.lateness:
        _show_list(status, "lateness", console, "How late they are delivered", "  the latest 30 days of deliveries")


def _show_list(status: "Status", name: str, console: "Console", title: str, note: str = "") -> None:
    """A list of the status in the columns that Dagster shows as well; of revocations the latest."""
    rows = [values_of(name, row) for row in getattr(status, name)]
    table = _table(console, title, note)
    for heading, attribute in COLUMNS[name].items():
        is_number = isinstance(rows[0][attribute], int | float)
        table.add_column(heading, justify="right" if is_number else "left", overflow="fold")
    for row in rows[:SHOWN_ROWS] if name == "revocations" else rows:
        table.add_row(*(_cell(attribute, value) for attribute, value in row.items()))
    console.print(table)


def _cell(attribute: str, value: object) -> str:
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, int | float):
        return seconds_in_words(value) if attribute.endswith("_seconds") else f"{value:,}"
    return escape(str(value))


def show_alerts(status: "Status", console: "Console") -> None:
    """What the checks on the published data warn of."""
    if not status.alerts:
        return
    table = _table(console, "Alerts", f"  of {moment(status.alerts[0].checked_at)} UTC; nothing is held for them")
    for name in ("check", "source", "found"):
        table.add_column(name, overflow="fold")
    for alert in status.alerts[:SHOWN_ROWS]:
        more = f"; {alert.row_count:,} rows" if alert.row_count > 1 else ""
        table.add_row(alert.alert, escape(alert.source), escape(alert.detail + more))
    console.print(table)
    _say_more(console, len(status.alerts) - SHOWN_ROWS)


def show_builds(status: "Status", console: "Console") -> None:
    if not status.builds:
        console.print("\nThe marts are not built yet: 'warehouse run' builds them.", soft_wrap=True)
        return
    table = _table(console, "Last builds", "  UTC")
    for name in ("job", "status", "finished", "took"):
        table.add_column(name, no_wrap=True)
    for build in status.builds:
        style = "green" if build.status == "success" else "bold red"
        took = seconds_in_words((build.finished_at - build.started_at).total_seconds())
        table.add_row(escape(build.job), Text(build.status, style=style), moment(build.finished_at), took)
    console.print(table)
    for build in status.builds:
        if build.detail:
            print_indented(console, f"{build.job}: {build.detail[:SHOWN_DETAIL]}", 2)


def moment(value: datetime) -> str:
    return f"{value:%Y-%m-%d %H:%M}"


def _table(console: "Console", title: str, note: str = "") -> Table:
    """A table without a frame below its heading."""
    console.print()
    console.print(Text.assemble((title, "bold"), (note, "dim")), soft_wrap=True)
    return Table(box=None, padding=(0, 1), header_style="dim")


def _keys(console: "Console", keys: list[str], total: int) -> None:
    for key in keys[:SHOWN_ROWS]:
        console.print(Text(f"    {key}"), soft_wrap=True)
    _say_more(console, total - SHOWN_ROWS)


def _say_more(console: "Console", more: int) -> None:
    if more > 0:
        console.print(f"    … and {more:,} more: see --json", soft_wrap=True)
