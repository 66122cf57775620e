"""Step 2, plan: cut what is due into batches; every attempt at a batch gets a load_id of its own."""

import os
import uuid
from collections.abc import Iterable
from datetime import datetime
from itertools import groupby

from clickhouse_connect.driver.client import Client

from orchestration.loading.lake.objects import Drop
from orchestration.loading.ledger.entries import DROP_COLUMNS, drop_values, insert_rows, server_now

MAX_BATCH_OBJECTS = 500
MAX_BATCH_BYTES = 1 << 30
"""Stored bytes of a batch. One batch is one statement: larger ones lose more work to a crash."""
MAX_BATCH_KEY_BYTES = 64 << 10
"""Keys of a batch stand in the text of its statement; ClickHouse refuses texts above 256 KiB, and quoting can triple
a key."""


def plan_batches(drops: Iterable[Drop]) -> list[list[Drop]]:
    """Batches of one kind, one form and one packing each, oldest drops first.

    A key with a comma stands alone: between braces ClickHouse reads a comma as the end of a key.
    """
    batches: list[list[Drop]] = []
    ordered = sorted(drops, key=lambda drop: (*_reading(drop), drop.last_modified, drop.key))
    for _, same_form in groupby(ordered, key=_reading):
        batch = _Batch()
        for drop in same_form:
            if "," in drop.key:
                batches.append([drop])
            elif batch.has_room_for(drop):
                batch.add(drop)
            else:
                batches.append(batch.drops)
                batch = _Batch()
                batch.add(drop)
        if batch.drops:
            batches.append(batch.drops)
    return batches


def _reading(drop: Drop) -> tuple[str, str, str]:
    """What the drops of a batch have in common: one statement reads them all."""
    return drop.kind, drop.form, drop.packing


class _Batch:
    """A batch that is being filled; the totals are kept so that a million drops stay quick to plan."""

    def __init__(self) -> None:
        self.drops: list[Drop] = []
        self.stored_bytes = 0
        self.key_bytes = 0

    def has_room_for(self, drop: Drop) -> bool:
        return not self.drops or (
            len(self.drops) < MAX_BATCH_OBJECTS
            and self.stored_bytes + drop.size_bytes <= MAX_BATCH_BYTES
            and self.key_bytes + len(drop.key.encode()) <= MAX_BATCH_KEY_BYTES
        )

    def add(self, drop: Drop) -> None:
        self.drops.append(drop)
        self.stored_bytes += drop.size_bytes
        self.key_bytes += len(drop.key.encode())


def write_plan(client: Client, batch: list[Drop]) -> str:
    """Record an attempt at a batch, and return its load_id."""
    planned_at = server_now(client)
    load_id = new_load_id(planned_at)
    rows = ([load_id, *drop_values(drop), planned_at] for drop in batch)
    insert_rows(client, "load_plan", ("load_id", *DROP_COLUMNS, "planned_at"), rows)
    return load_id


def new_load_id(planned_at: datetime) -> str:
    """A UUIDv7: unique for every attempt, and in the order of the engine's time (RFC 9562 §5.7)."""
    value = (int(planned_at.timestamp() * 1000) << 80) | int.from_bytes(os.urandom(10))
    value = value & ~(0xF << 76) | (0x7 << 76)
    value = value & ~(0x3 << 62) | (0x2 << 62)
    return str(uuid.UUID(int=value))
