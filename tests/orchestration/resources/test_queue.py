"""The queue: whatever stands in its messages becomes folders to look at, or a warning, and never an error."""

import json

import pytest

from orchestration.resources import queue as queue_module
from orchestration.resources.queue import QueueUnavailable, connect_queue, created_keys


def record(key: str, bucket: str = "lake", name: str = "ObjectCreated:Put") -> dict:
    return {"eventName": name, "s3": {"bucket": {"name": bucket}, "object": {"key": key, "size": 1}}}


def plain(*keys: str, **parts: str) -> str:
    return json.dumps({"Records": [record(key, **parts) for key in keys]})


def bridged(key: str, kind: str = "Object Created", bucket: str = "lake") -> str:
    detail = {"bucket": {"name": bucket}, "object": {"key": key}}
    return json.dumps({"version": "0", "source": "aws.s3", "detail-type": kind, "detail": detail})


def wrapped(body: str) -> str:
    return json.dumps({"Type": "Notification", "TopicArn": "arn", "Message": body})


TEST_EVENT = json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "lake"})
RUBBISH = [
    "text",
    "null",
    "3",
    "[]",
    "{}",
    '{"Records": 3}',
    '{"Records": [{}]}',
    '{"Records": [{"s3": {"bucket": {"name": "lake"}, "object": {"key": 5}}, "eventName": "ObjectCreated:Put"}]}',
    '{"Type": "Notification"}',
    '{"Type": "Notification", "Message": 3}',
    '{"detail": {}}',
    bridged("events/web/\ud800/a.ndjson"),
    "[" * 50_000,
]


@pytest.mark.parametrize(
    ("body", "keys"),
    [
        (plain("events/web/a.ndjson"), ["events/web/a.ndjson"]),
        (plain("events/web/a.ndjson", "events/app/b.ndjson"), ["events/web/a.ndjson", "events/app/b.ndjson"]),
        (plain("events/web/a+b%2Bc%20d%C3%BC.ndjson"), ["events/web/a b+c dü.ndjson"]),
        (plain("events/web/dt%3D2026-01-05/a.ndjson"), ["events/web/dt=2026-01-05/a.ndjson"]),
        (bridged("events/web/a+b%20c.ndjson"), ["events/web/a+b%20c.ndjson"]),
        (wrapped(plain("events/web/a.ndjson")), ["events/web/a.ndjson"]),
        (wrapped(bridged("events/web/a.ndjson")), ["events/web/a.ndjson"]),
        (wrapped(TEST_EVENT), []),
        (TEST_EVENT, []),
        (plain("events/web/a.ndjson", bucket="another"), []),
        (bridged("events/web/a.ndjson", bucket="another"), []),
        (plain("events/web/a.ndjson", name="ObjectRemoved:Delete"), []),
        (plain("events/web/a.ndjson", name="s3:ObjectCreated:CompleteMultipartUpload"), ["events/web/a.ndjson"]),
        (bridged("events/web/a.ndjson", kind="Object Deleted"), []),
    ],
)
def test_each_form_of_notification_gives_its_keys(body: str, keys: list[str]) -> None:
    assert list(created_keys(body, "lake")) == keys


def test_messages_become_folders_once_and_are_deleted(queue) -> None:
    queue.send(
        plain("events/web/dt%3D2026-01-05/a.ndjson", "events/web/dt%3D2026-01-05/b.ndjson"),
        wrapped(plain("events/web/dt%3D2026-01-05/deeper/c.ndjson.gz")),
        bridged("learners/new/l.ndjson"),
        plain("events/web/dt%3D2026-01-05/_SUCCESS", "backup/x.ndjson", "events/loose.ndjson", "logs/"),
        TEST_EVENT,
    )
    opened, warnings = queue.open(), []
    assert opened.take_prefixes(warnings.append) == ["events/web/dt=2026-01-05/", "learners/new/"]
    assert (opened.take_prefixes(warnings.append), warnings) == ([], [])
    assert waiting(queue) == 0


def test_rubbish_is_told_of_and_deleted_and_its_neighbours_count(queue) -> None:
    queue.send(*RUBBISH, plain("events/web/a.ndjson"))
    warnings: list[str] = []
    assert queue.open().take_prefixes(warnings.append) == ["events/web/"]
    assert len(warnings) == len(RUBBISH)
    assert max(len(warning) for warning in warnings) < 400
    assert waiting(queue) == 0


def test_more_than_a_tick_can_read_waits_for_the_next(queue, monkeypatch) -> None:
    monkeypatch.setattr(queue_module, "READS_PER_TICK", 2)
    queue.send(*(plain(f"events/web/{i:02d}/a.ndjson") for i in range(25)))
    opened = queue.open()
    taken = [opened.take_prefixes(print) for _ in range(2)]
    assert [len(batch) for batch in taken] == [20, 5]
    assert len({*taken[0], *taken[1]}) == 25


def test_a_queue_that_is_not_there_is_one_sentence_without_the_keys(queue) -> None:
    queue.url += "-gone"
    with pytest.raises(QueueUnavailable, match="Check LAKE_QUEUE_URL") as raised:
        queue.open(secret_access_key="a-secret").take_prefixes(print)
    queue.url = "http://127.0.0.1:1/000000000000/drops"
    with pytest.raises(QueueUnavailable, match="cannot be read"):
        queue.open().take_prefixes(print)
    assert "a-secret" not in str(raised.value)


def test_without_the_setting_there_is_no_queue(settings) -> None:
    assert connect_queue(settings) is None


def waiting(queue) -> int:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    answer = queue.sqs.get_queue_attributes(QueueUrl=queue.url, AttributeNames=names)
    return sum(int(answer["Attributes"][name]) for name in names)
