"""Empty marts of every kind, a reader who may see nothing else, and a model that says what a test wants it to say."""

import json
import re
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from clickhouse_connect.driver.client import Client

from orchestration.questions.registry import questions
from orchestration.resources.warehouse import connect
from orchestration.settings import AskEndpoint, Settings, reader_settings
from tests.mart_tables import create_marts, fill_mart

COURSE = "https://lms.example/courses/data"
VIDEOS = {f"{COURSE}/videos/1": "How the course works", f"{COURSE}/videos/2": "Reading charts: the idea"}


@pytest.fixture(scope="module")
def reader(warehouse: Client, settings: Settings) -> Iterator[Client]:
    """bi_reader on marts with two courses, two videos and one hot spot."""
    read = {mart for question in questions() for mart in re.findall(r"marts\.(\w+)", question.sql)}
    create_marts(warehouse, read | {"dim_courses", "dim_activities"})
    fill_mart(
        warehouse,
        "dim_courses",
        {"course_id": COURSE, "title": "Data literacy"},
        {"course_id": "https://lms.example/courses/lead", "title": "Project leadership"},
    )
    for video, title in VIDEOS.items():
        fill_mart(
            warehouse,
            "dim_activities",
            {"activity_id": video, "title": title, "activity_type": "video", "course_id": COURSE},
        )
    fill_mart(
        warehouse,
        "agg_video_hot_spots",
        {
            "video_id": f"{COURSE}/videos/1",
            "title": "How the course works",
            "course_id": COURSE,
            "start_seconds": 240,
            "end_seconds": 250,
            "started_count": 1353,
            "dropped_count": 812,
            "drop_off_ratio": 0.6001,
            "excess_learners_lost": 785.2,
        },
    )
    client = connect(reader_settings(settings))
    yield client
    client.close()


class StubModel:
    """An OpenAI-compatible endpoint on loopback; keeps what it was sent, and answers from a list."""

    def __init__(self) -> None:
        self.received: list[dict] = []
        self.headers: list[dict] = []
        self.answers: list[str | dict] = []
        self.status = 200
        stub = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                stub.received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                stub.headers.append(dict(self.headers) | {"path": self.path})
                answer = stub.answers.pop(0) if len(stub.answers) > 1 else stub.answers[0]
                if isinstance(answer, str):
                    answer = {"choices": [{"message": {"role": "assistant", "content": answer}}]}
                body = json.dumps(answer).encode()
                self.send_response(stub.status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.endpoint = AskEndpoint(f"http://127.0.0.1:{self.server.server_port}/v1", "small-model", "a secret key")
        Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def model() -> Iterator[StubModel]:
    stub = StubModel()
    yield stub
    stub.server.shutdown()
    stub.server.server_close()
