"""What the guard in front of Dagster's UI lets through, on the webserver that `warehouse up` starts."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from orchestration.commands.ports import free_ports
from orchestration.commands.webserver import HOST
from orchestration.settings import PROJECT_ROOT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

QUERY = {"query": "{ version }"}
RELOAD = {"query": "mutation { reloadWorkspace { __typename } }"}
FIELD_OF_MUTATIONS = "reloadWorkspace"
# Of the UI's own pages, of clients without a browser, and of people who follow a link.
OWN_PAGE = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}
FOLLOWED_LINK = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of Dagster's webserver, started as `up` starts it, over an empty workspace."""
    home = tmp_path_factory.mktemp("ui")
    (home / "dagster").mkdir()
    (home / "workspace.yaml").write_text("load_from: []\n")
    code_port, port = free_ports(2)
    environment = os.environ | {
        "WAREHOUSE_HOME": str(home),
        "DAGSTER_HOME": str(home / "dagster"),
        "WAREHOUSE_UI_HOSTS": "warehouse.example.org, other.example.org",
    }
    module = ["orchestration.commands.webserver", str(code_port), "-h", HOST, "-p", str(port)]
    listening = subprocess.Popen(
        [sys.executable, "-c", f"import socket; s = socket.create_server(('{HOST}', {code_port})); input()"],
        stdin=subprocess.PIPE,
    )
    with (home / "log").open("wb") as log:
        webserver = subprocess.Popen(
            [sys.executable, "-m", *module, "-w", str(home / "workspace.yaml")],
            cwd=PROJECT_ROOT,
            env=environment,
            stdout=log,
            stderr=log,
        )
    try:
        wait_until_it_answers(port, webserver, home / "log")
        yield port
    finally:
        for process in (webserver, listening):
            process.kill()
            process.communicate()


def wait_until_it_answers(port: int, webserver: subprocess.Popen, log: Path) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and webserver.poll() is None:
        try:
            httpx.get(f"http://{HOST}:{port}/server_info")
            return
        except httpx.TransportError:
            time.sleep(0.2)
    pytest.fail(log.read_text())


@pytest.fixture
def ui(port: int) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"http://{HOST}:{port}", timeout=30) as client:
        yield client


def test_a_page_of_another_site_cannot_start_anything(ui: httpx.Client, port: int) -> None:
    for origin in (
        "https://evil.example",
        "null",
        "",
        f"http://{HOST}:{port + 1}",
        f"http://{HOST}:{port}.evil.example",
    ):
        answer = ui.post("/graphql", json=RELOAD, headers={"Origin": origin})
        assert answer.status_code == 403, origin
        assert FIELD_OF_MUTATIONS not in answer.text
    assert ui.post("/report_asset_materialization/a", json={}, headers={"Origin": "https://evil.example"}).is_error


def test_a_link_an_image_or_a_form_cannot_start_anything(ui: httpx.Client) -> None:
    for headers in ({}, {"Origin": "https://evil.example"}, FOLLOWED_LINK, OWN_PAGE, {"Accept": "image/*"}):
        assert ui.get("/graphql", params=RELOAD, headers=headers).status_code == 403
    assert ui.post("/graphql", params=RELOAD).status_code == 403
    assert ui.post("/graphql", params=RELOAD, data={"a": "b"}).status_code == 403
    assert ui.post("/graphql", params=RELOAD, content=b"{}", headers={"Content-Type": "text/plain"}).status_code == 403


def test_a_foreign_name_of_this_machine_is_refused(ui: httpx.Client, port: int) -> None:
    """An attacker's name that points to 127.0.0.1 makes his page one of the same site."""
    for host in ("evil.example", f"evil.example:{port}", "127.0.0.1.evil.example", "", "[", "127.0.0.1@evil.example"):
        for headers in ({"Host": host}, {"Host": host, "Origin": f"http://{host}"}):
            answer = ui.post("/graphql", json=RELOAD, headers=headers)
            assert answer.status_code in (400, 403), host
        assert ui.get("/", headers={"Host": host}).status_code in (400, 403)


def test_no_part_of_the_ui_is_loaded_into_another_page(ui: httpx.Client) -> None:
    for destination in ("script", "image", "iframe", "empty"):
        for site in ("cross-site", "same-site"):
            headers = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": destination}
            assert ui.get("/server_info", headers=headers).status_code == 403
    page = ui.get("/")
    assert page.headers["x-frame-options"] == "SAMEORIGIN"
    assert "frame-ancestors 'self'" in page.headers["content-security-policy"]


def test_the_ui_itself_works(ui: httpx.Client, port: int) -> None:
    own = OWN_PAGE | {"Origin": f"http://{HOST}:{port}"}
    assert ui.post("/graphql", json=QUERY, headers=own).json()["data"]["version"]
    assert ui.post("/graphql", json=RELOAD, headers=own).json()["data"]["reloadWorkspace"]["__typename"] == "Workspace"
    assert ui.post("/graphql", json=QUERY).json()["data"]["version"]
    through_a_tunnel = {"Host": "localhost:8080", "Origin": "http://localhost:8080"}
    assert ui.post("/graphql", json=QUERY, headers=own | through_a_tunnel).status_code == 200
    assert "<html" in ui.get("/", headers=FOLLOWED_LINK | {"Accept": "text/html"}).text
    assert "graphiql" in ui.get("/graphql", headers={"Accept": "text/html"}).text.lower()


def test_a_named_proxy_may_serve_it(ui: httpx.Client) -> None:
    origin = {"Origin": "https://warehouse.example.org"}
    for host in ("warehouse.example.org", "other.example.org", "127.0.0.1:3000"):
        assert ui.post("/graphql", json=QUERY, headers=origin | {"Host": host}).status_code == 200
    assert ui.post("/graphql", json=QUERY, headers={"Host": "third.example.org"}).status_code == 403


def test_subscriptions_are_open_to_the_ui_alone(port: int) -> None:
    address = f"ws://{HOST}:{port}/graphql"
    for headers in (
        {"Origin": "https://evil.example"},
        {"Origin": f"http://{HOST}:{port}", "Sec-Fetch-Site": "cross-site"},
    ):
        with pytest.raises(InvalidStatus, match="403"), connect(address, additional_headers=headers):
            pass
    for origin in (f"http://{HOST}:{port}", None):
        with connect(address, origin=origin, subprotocols=["graphql-ws"]) as socket:
            socket.send(json.dumps({"type": "connection_init", "payload": {}}))
            assert json.loads(socket.recv(timeout=20))["type"] == "connection_ack"
            subscription = 'subscription { pipelineRunLogs(runId: "none") { __typename } }'
            socket.send(json.dumps({"type": "start", "id": "1", "payload": {"query": subscription}}))
            answer = json.loads(socket.recv(timeout=20))
            assert answer["payload"]["data"]["pipelineRunLogs"]["__typename"] == "PipelineRunLogsSubscriptionFailure"
