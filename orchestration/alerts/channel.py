"""Where news go: every service that Apprise knows, by its URL; without one, the log and the console of `up`."""

from collections.abc import Callable, Sequence
from pathlib import Path

LOG = Path("logs") / "alerts.log"
"""Below the home. `warehouse up` shows what is added to it."""


def tell(urls: Sequence[str], title: str, body: str, home: Path, warn: Callable[[str], None]) -> bool:
    """Whether the message went to each channel; it stands in the log of alerts in any case.

    A channel that does not take it is named without its URL, which holds secrets.
    """
    _write(home / LOG, f"{title}\n{body}\n\n")
    refused = [number for number, url in enumerate(urls, 1) if not _send(url, title, body)]
    for number in refused:
        warn(f"Channel {number} of ALERT_URLS did not take the alert. It is tried again with the next look.")
    return not refused


def wrong_urls(urls: Sequence[str]) -> list[int]:
    """The numbers, from 1, of URLs that name no service that Apprise knows."""
    from apprise import Apprise

    return [number for number, url in enumerate(urls, 1) if not Apprise.instantiate(url)]


def _send(url: str, title: str, body: str) -> bool:
    from apprise import Apprise, NotifyFormat

    channel = Apprise()
    return channel.add(url) and bool(channel.notify(title=title, body=body, body_format=NotifyFormat.TEXT))


def _write(log: Path, text: str) -> None:
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a", encoding="utf-8") as file:
        file.write(text)
