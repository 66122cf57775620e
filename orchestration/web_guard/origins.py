"""Whether a request comes from a page of the same site, judged by the headers that browsers always send.

A browser sends `Origin` with each POST and each websocket, and `Sec-Fetch-Site` with everything. Other clients, such as
curl and dbt, send neither.
"""

from collections.abc import Collection
from urllib.parse import urlsplit

LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})


def host_name(host: str) -> str:
    """The name in a `Host` header, in small letters and without the port; empty when it cannot be read."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def is_known_host(host: str, names: Collection[str]) -> bool:
    """Whether a `Host` header names this machine. Any other name is one that an attacker lets point to it."""
    return host_name(host) in LOOPBACK_NAMES or host_name(host) in names


def is_own_origin(origin: str, host: str, names: Collection[str]) -> bool:
    """Whether a page of `origin` belongs to the site that `host` names, or to one of `names`.

    A page on another port of the same machine is another site. `null` is the origin of pages without one.
    """
    try:
        parts = urlsplit(origin)
        is_same = parts.netloc.lower() == host.lower() and bool(host)
        return parts.scheme in ("http", "https") and (is_same or (parts.hostname or "") in names)
    except ValueError:
        return False
