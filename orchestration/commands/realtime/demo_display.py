"""What the demo shows: actions and a histogram of latency while it runs, and the proof at the end."""

import time
from itertools import islice, pairwise
from types import TracebackType
from typing import TYPE_CHECKING, Self

import orjson
from rich.live import Live as RichLive
from rich.markup import escape
from rich.text import Text

from orchestration.commands.display import notes, output
from orchestration.commands.realtime.proof import KILL_SECONDS, DemoProof, latencies, percentiles

if TYPE_CHECKING:
    from orchestration.simulate.platform import Platform
    from orchestration.simulate.stream import Planted

SHOW_SECONDS, PLAIN_SECONDS = 0.5, 5.0
BINS_MS = (0, 25, 50, 75, 100, 150, 200, 300, 500, 1000, 5000, 60000)
BAR_WIDTH = 40


class Live:
    """The state of a run, renewed twice a second in a terminal; a line now and then elsewhere."""

    def __init__(self, planted: "Planted", platform: "Platform") -> None:
        self._planted, self._platform = planted, platform
        self._console = notes()
        self._live = RichLive(console=self._console, auto_refresh=False) if self._console.is_terminal else None
        self._shown_at = 0.0
        self._values: list[float] = []
        self._seen = 0

    def __enter__(self) -> Self:
        if self._live:
            self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if self._live:
            self._live.stop()

    def show(self, elapsed: float, waiting: str = "") -> None:
        """Show the state, if it is time to, and what is waited for."""
        now = time.monotonic()
        if now - self._shown_at < (SHOW_SECONDS if self._live else PLAIN_SECONDS):
            return
        self._shown_at = now
        self._take_new()
        line = (
            f"{elapsed:5.0f} s  {self._planted.message_count:,} statements  "
            f"{self._seen:,} actions done by the platform  {_in_words(percentiles(self._values))}"
        )
        if waiting:
            line += f"  {waiting}"
        if self._live:
            self._live.update(Text("\n".join([line, *histogram(self._values)])), refresh=True)
        else:
            self._console.print(escape(line), soft_wrap=True)

    def _take_new(self) -> None:
        """The latencies of actions that came since the last time; the dictionary keeps their order."""
        done = list(islice(self._platform.done.values(), self._seen, None))
        self._seen += len(done)
        self._values += latencies(done, "created_at")

    def say(self, sentence: str) -> None:
        """A line that stays."""
        self._console.print(f"[bold]{escape(sentence)}[/]", soft_wrap=True)


def histogram(values: list[float]) -> list[str]:
    """Bars: how many actions were there so many milliseconds after their statement."""
    counts = [sum(low <= value < high for value in values) for low, high in pairwise(BINS_MS)]
    most = max([*counts, 1])
    return [
        f"{low:>6} – {high:<6} ms {'█' * round(BAR_WIDTH * count / most):<{BAR_WIDTH}} {count:,}"
        for (low, high), count in zip(pairwise(BINS_MS), counts, strict=True)
        if count
    ]


def show_proof(proof: DemoProof, as_json: bool) -> None:
    """The result, as lines or as one JSON document."""
    if as_json:
        output().print(orjson.dumps(proof.as_document()).decode(), soft_wrap=True, markup=False)
        return
    rate = proof.message_count / proof.seconds if proof.seconds else 0
    planted, delivered = (
        ", ".join(f"{count:,} {kind}" for kind, count in counts.items()) for counts in (proof.planted, proof.delivered)
    )
    lines = [
        (None, "Statements", f"{proof.message_count:,} in {proof.seconds:g} s ({rate:,.0f} a second)"),
        (None, "Kills", f"{proof.kill_count} × kill -9 of a worker"),
        (not proof.missing, "Planted", planted + _listed("missing", proof.missing)),
        (not proof.unexpected, "Done", delivered + _listed("not planted", proof.unexpected)),
        (not proof.done_twice, "Twice", f"{proof.done_twice} done twice; {proof.posted_again} posted again"),
        (None, "Posts", f"{proof.refused_posts} answered with 503, and sent again"),
        (proof.suppressed_as_planted, "Late", f"{proof.suppressed_count} offers of help came too late: kept, not sent"),
        (proof.refused_as_planted, "Refused", f"{proof.refused_count} messages that are no statement"),
        (proof.is_archived_complete, "Archived", f"{proof.archived_count:,} lines, one for each message"),
        (None, "Latency", f"statement to action {_in_words(proof.to_action_ms)}"),
        (None, "", f"statement to platform {_in_words(proof.to_platform_ms)}"),
        *([(None, "", _after_kills(proof))] if proof.kill_count else []),
    ]
    if proof.parity is not None:
        parity = proof.parity
        text = f"{parity.warehouse_count:,} of the warehouse, {parity.outbox_count:,} of the outbox"
        text += _listed("only in the warehouse", parity.only_in_warehouse)
        text += _listed("only in the outbox", parity.only_in_outbox)
        lines.append((parity.holds, "Parity", text))
    for holds, name, text in lines:
        sign = {True: "[green]✓[/]", False: "[red]✗[/]", None: " "}[holds]
        output().print(f"{sign} {name:<11}{escape(text)}", soft_wrap=True)
    verdict = "[bold green]Planted = done, nothing twice.[/]" if proof.holds else "[bold red]The proof fails.[/]"
    output().print(verdict)


def _in_words(milliseconds: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:,.0f} ms" for name, value in milliseconds.items()) or "none yet"


def _after_kills(proof: DemoProof) -> str:
    longest = max(proof.after_kill_ms.values(), default=0.0) / 1000
    return (
        f"both without the {KILL_SECONDS} s after a kill: statements then wait up to {longest:.1f} s, until the "
        "broker gives up on the dead worker"
    )


def _listed(what: str, keys: list[str]) -> str:
    return f"; {what}: {'; '.join(keys)}" if keys else ""
