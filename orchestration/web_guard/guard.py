"""The guard in front of Dagster's UI, which has no login: an ASGI application around Dagster's own.

It refuses requests under a foreign name (DNS rebinding), requests from pages of other sites, GraphQL in a GET request
(a link or an image would be enough to start a job), and it forbids other pages to show the UI in a frame.
"""

from collections.abc import Collection

from starlette.datastructures import Headers, MutableHeaders, QueryParams
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from orchestration.web_guard.origins import is_known_host, refusal_of_page

GRAPHQL_TYPES = ("application/json", "application/graphql")
REFUSED_POLICY = 1008


class WebGuard:
    """Passes on what the UI's own pages and clients without a browser ask; answers 403 to everything else.

    `names` are the host names, beside those of loopback, under which a proxy with a login serves the UI.
    """

    def __init__(self, app: ASGIApp, names: Collection[str] = ()) -> None:
        self._app = app
        self._names = frozenset(name.lower() for name in names)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
        elif not (reason := self.refusal(scope)):
            await self._app(scope, receive, _without_frames(send))
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": REFUSED_POLICY, "reason": reason[:120]})
        else:
            await PlainTextResponse(f"{reason}\n", status_code=403)(scope, receive, send)

    def refusal(self, scope: Scope) -> str:
        """Why this request is refused; empty when it may pass."""
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if not is_known_host(host, self._names):
            return (
                f"The host '{host[:80]}' is not this machine. Use the address that 'warehouse up' prints, or "
                "name the host in WAREHOUSE_UI_HOSTS when a proxy serves it."
            )
        if reason := refusal_of_page(headers, scope.get("method", ""), self._names):
            return reason
        if scope["type"] == "http" and scope["path"].rstrip("/").endswith("/graphql"):
            return _graphql_refusal(scope, headers)
        return ""


def _graphql_refusal(scope: Scope, headers: Headers) -> str:
    """A link, an image or a form of HTML can send none of what passes here."""
    if scope["method"] == "POST":
        is_graphql = headers.get("content-type", "").partition(";")[0].strip().lower() in GRAPHQL_TYPES
        return "" if is_graphql else "GraphQL is taken as JSON: send Content-Type: application/json."
    is_playground = "text/html" in headers.get("accept", "")
    if "query" in QueryParams(scope["query_string"]) and not is_playground:
        return "GraphQL is not taken from a GET request, which any link could send. Use POST."
    return ""


def _without_frames(send: Send) -> Send:
    """Says in each answer that no other page may show it in a frame and lead a user to click in it."""

    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers["x-frame-options"] = "SAMEORIGIN"
            headers.append("content-security-policy", "frame-ancestors 'self'")
        await send(message)

    return send_with_headers
