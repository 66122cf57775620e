"""Whether a request comes from a page of the same site, judged by the headers that browsers always send.

A browser sends `Origin` with each POST and each websocket, and `Sec-Fetch-Site` with everything. Other clients, such as
curl and dbt, send neither.
"""

from collections.abc import Collection, Mapping
from urllib.parse import urlsplit

OWN_SITE = ("same-origin", "none")
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


def refusal_of_page(headers: Mapping[str, str], method: str, names: Collection[str] = ()) -> str:
    """Why a request is refused that a page of another site makes; empty for all other requests.

    A link to us may be followed: that opens a page of our own, and is no part of the other one.
    """
    host, origin = headers.get("host", ""), headers.get("origin")
    if origin is not None and not is_own_origin(origin, host, names):
        return f"A page of '{origin[:80]}' may not use {host[:80]}."
    is_visit = headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
    is_visit = is_visit and method in ("GET", "HEAD")
    if headers.get("sec-fetch-site", "none") not in OWN_SITE and not is_visit:
        return f"A page of another site may not use {host[:80]}."
    return ""
