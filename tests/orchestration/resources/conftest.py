"""An SQS server on loopback, for the queue of the bucket's notifications."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from moto.server import ThreadedMotoServer

from orchestration.resources.queue import DropQueue, connect_queue
from orchestration.settings import Settings


@dataclass
class TestQueue:
    """A queue, and the sender's side of it."""

    __test__ = False
    sqs: Any
    url: str
    settings: Settings

    def send(self, *bodies: str) -> None:
        for body in bodies:
            self.sqs.send_message(QueueUrl=self.url, MessageBody=body)

    def open(self, **changes: Any) -> DropQueue:
        """The queue as the sensor opens it."""
        lake = replace(self.settings.lake, queue_url=self.url, bucket="lake", **changes)
        queue = connect_queue(replace(self.settings, lake=lake))
        assert queue is not None
        return queue


@pytest.fixture(scope="session")
def sqs_address() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def queue(sqs_address: str, settings: Settings, request: pytest.FixtureRequest) -> TestQueue:
    """An empty queue."""
    sqs = boto3.client(
        "sqs",
        endpoint_url=sqs_address,
        region_name="us-east-1",
        aws_access_key_id="key",
        aws_secret_access_key="secret",
    )
    name = f"drops-{abs(hash(request.node.name))}"
    url = f"{sqs_address}{urlsplit(sqs.create_queue(QueueName=name)['QueueUrl']).path}"
    return TestQueue(sqs, url, settings)
