"""The queue of the bucket's notifications: a hint where to look, so that a drop is found soon wherever it lies.

A message is never the reason that an object is loaded, and never the only one: the listing and the ledger decide. So
messages may be doubled, late, out of order, about other buckets, or lost.
"""

import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import unquote_plus, urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from orchestration.aws_clients import DEFAULT_SESSION, AwsSession, aws_client
from orchestration.loading.errors import WarehouseError, without_secrets
from orchestration.loading.lake.objects import reason_to_ignore
from orchestration.loading.lake.scope import EVERYTHING, without_nested
from orchestration.settings import LakeSettings, Settings

READ_TIMEOUT, MAX_ATTEMPTS = 10, 2
MESSAGES_PER_READ = 10
"""The most that SQS hands out at once."""
READS_PER_TICK = 100
"""A thousand messages take about 2 s; what is left waits for the next tick."""
MAX_PREFIXES = 200
"""Folders of one tick. Each costs a listing; a queue that names more is read no further."""


class QueueUnavailable(WarehouseError):
    """The queue cannot be reached, or does not let us in."""


class DropQueue:
    """An SQS queue that receives the bucket's events. Makes no network call until first used."""

    def __init__(self, settings: LakeSettings, client: Any = None) -> None:
        self._settings = settings
        self._sqs = client or queue_client(settings)

    def take_prefixes(self, warn: Callable[[str], None]) -> list[str]:
        """The folders that the waiting messages name, none within another; the messages are deleted."""
        prefixes: set[str] = set()
        for _ in range(READS_PER_TICK):
            messages = self._receive()
            for message in messages:
                prefixes.update(self._prefixes_of(message, warn))
            self._delete(messages)
            if not messages or len(prefixes) >= MAX_PREFIXES:
                break
        return without_nested(prefixes)

    def _prefixes_of(self, message: dict[str, Any], warn: Callable[[str], None]) -> set[str]:
        body = message.get("Body", "")
        try:
            return {folder_of(key) for key in created_keys(body, self._settings.bucket) if _is_drop(key)}
        except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
            kind = type(error).__name__
            warn(f"A message of the queue is no notification of S3 ({kind}), and was deleted: {body[:200]}")
            return set()

    def _receive(self) -> list[dict[str, Any]]:
        try:
            answer = self._sqs.receive_message(
                QueueUrl=self._settings.queue_url, MaxNumberOfMessages=MESSAGES_PER_READ, WaitTimeSeconds=0
            )
        except (ClientError, BotoCoreError) as error:
            raise self._unavailable(error) from error
        return answer.get("Messages", [])

    def _delete(self, messages: list[dict[str, Any]]) -> None:
        if not messages:
            return
        entries = [
            {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]} for number, message in enumerate(messages)
        ]
        try:
            self._sqs.delete_message_batch(QueueUrl=self._settings.queue_url, Entries=entries)
        except (ClientError, BotoCoreError) as error:
            raise self._unavailable(error) from error

    def _unavailable(self, error: Exception) -> QueueUnavailable:
        settings = self._settings
        text = without_secrets(" ".join(str(error).split()), settings.secrets())
        return QueueUnavailable(
            f"The queue {settings.queue_url} cannot be read: {text[:300]} New drops are found without it, later. Check "
            "LAKE_QUEUE_URL, and that the lake's access keys may receive and delete its messages."
        )


def connect_queue(settings: Settings, client: Any = None) -> DropQueue | None:
    """The queue of these settings, through this client of boto3 or its own; None without one."""
    return DropQueue(settings.lake, client) if settings.lake.queue_url else None


def queue_client(
    settings: LakeSettings,
    max_attempts: int = MAX_ATTEMPTS,
    session: AwsSession = DEFAULT_SESSION,
    endpoint_url: str = "",
) -> Any:
    """boto3 for the queue. Its own address says where it is answered for: AWS, an endpoint in a VPC, another server."""
    address = urlsplit(settings.queue_url)
    where = endpoint_url or f"{address.scheme}://{address.netloc}"
    return aws_client("sqs", settings, where, READ_TIMEOUT, max_attempts, session)


def created_keys(body: str, bucket: str) -> Iterator[str]:
    """Keys of the bucket that the message says were created.

    S3 writes to the queue itself, through SNS (its message is wrapped in another), or through EventBridge (one event,
    whose key is not quoted). For anything else it raises whatever the missing part leads to.
    """
    content = json.loads(body)
    if content.get("Type") == "Notification":
        yield from created_keys(content["Message"], bucket)
    elif content.get("Event") == "s3:TestEvent":
        return
    elif "detail" in content:
        detail = content["detail"]
        if content["detail-type"] == "Object Created" and detail["bucket"]["name"] == bucket:
            yield detail["object"]["key"]
    else:
        for record in content["Records"]:
            is_ours = record["s3"]["bucket"]["name"] == bucket
            if is_ours and "ObjectCreated" in record["eventName"]:
                yield unquote_plus(record["s3"]["object"]["key"])


def folder_of(key: str) -> str:
    """The folder that the key lies in, as a prefix."""
    return key[: key.rindex("/") + 1]


def _is_drop(key: str) -> bool:
    key.encode()  # raises a ValueError for half a character, which no listing can be asked for
    return key.startswith(EVERYTHING.prefixes) and not reason_to_ignore(key)
