"""The pages as an ASGI application in front of Dagster's: what does not begin with /warehouse is Dagster's."""

from collections.abc import Iterable
from pathlib import Path

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from orchestration.pages.dbt_docs import DbtDocs
from orchestration.pages.places import DBT, FOLDERS, ROOT, START_PAGE
from orchestration.pages.start import start_page, waiting_page

POLICY = "default-src 'self' data:; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'"
"""No page may load from another host. dbt's documentation is one page with its scripts in it, which use eval."""


class Pages:
    """Answers what lies below /warehouse, and passes everything else on."""

    def __init__(self, dagster: ASGIApp, home: Path) -> None:
        self._dagster = dagster
        self._pages = Starlette(routes=list(_routes(home)))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_ours = scope["type"] == "http" and f"{scope['path']}/".startswith(START_PAGE)
        if is_ours:
            await self._pages(scope, receive, _with_policy(send))
        else:
            await self._dagster(scope, receive, send)


class Folder(StaticFiles):
    """Files of a folder, which may not be there yet."""

    async def check_config(self) -> None:
        """Starlette's own raises for a folder that is missing; no file of it can be found, which is a 404."""


def _routes(home: Path) -> Iterable[Route | Mount]:
    docs = DbtDocs(home)

    def start(request: Request) -> Response:
        return HTMLResponse(start_page(home))

    def dbt(request: Request) -> Response:
        page = docs.page(request.path_params["name"] or "index.html")
        return page or HTMLResponse(waiting_page(docs.problem), status_code=503 if docs.problem else 202)

    yield Route(ROOT, lambda _: RedirectResponse(START_PAGE))
    yield Route(START_PAGE, start)
    yield Route(f"{ROOT}/{DBT}", lambda _: RedirectResponse(f"{ROOT}/{DBT}/"))
    yield Route(f"{ROOT}/{DBT}/{{name}}", dbt)
    yield Route(f"{ROOT}/{DBT}/", lambda request: RedirectResponse(f"{ROOT}/{DBT}/index.html"))
    for path, folder in FOLDERS.items():
        yield Mount(path, Folder(directory=home / folder, html=True, check_dir=False))


def _with_policy(send: Send) -> Send:
    async def send_with_policy(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.append("content-security-policy", POLICY)
            headers["cache-control"] = "no-cache"
            headers["referrer-policy"] = "no-referrer"
        await send(message)

    return send_with_policy
