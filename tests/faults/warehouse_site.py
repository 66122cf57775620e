"""The warehouse under test: services that can be killed, proxies that misbehave, loaders, and what readers see."""

import contextlib
import os
import signal
import socket
import time
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from clickhouse_connect.driver.client import Client

from orchestration.embedded.services import Services, services_status, start_services, stop_services
from orchestration.loading import pending, prepare_warehouse
from orchestration.loading.steps.discover import discover
from orchestration.resources.lake import S3Lake, connect_lake
from orchestration.resources.warehouse import connect
from orchestration.settings import Settings, load_settings
from tests.faults.loader_process import Loader, Orders, Outcome
from tests.faults.offers import Manifest
from tests.faults.proxy import Proxy
from tests.object_store import s3_client

RAW = "raw.event_lines"
LIVE = "select load_id, object_id from ops.live_objects"
EMPTY_BUCKET = "nothing"
MAX_LOADS_TO_SETTLE = 8


@dataclass(frozen=True)
class LiveObject:
    """A live object, with what raw holds of it."""

    etag: str
    load_id: str
    object_id: str
    accepted: int
    rejected: int
    digest: str
    """As `Version.digest`; empty for an object without lines, and for one that was verified before."""


class Site:
    """One home. Loaders come through the proxies; the test itself speaks to the services directly."""

    def __init__(self, home: Path, reads_lake_of: "Site | None" = None) -> None:
        self.home = home
        self._other = reads_lake_of
        self.services: Services = start_services(home, bound_to_us=True)
        self.engine_proxy = Proxy((self.services.host, self.services.port))
        self.lake_proxy = Proxy(_address(self.services.lake_endpoint_url))
        self.load_seconds = 1.0
        """How long the last load without a fault took: kills are drawn from this long."""
        self._client: Client | None = None
        self._s3: Any = None
        prepare_warehouse(self.client, self.settings)

    def close(self) -> None:
        self.engine_proxy.close()
        self.lake_proxy.close()
        stop_services(self.home)

    @property
    def settings(self) -> Settings:
        own = load_settings({"WAREHOUSE_HOME": str(self.home)})
        return replace(own, lake=self._other.settings.lake) if self._other else own

    @property
    def loader_settings(self) -> Settings:
        direct = self.settings
        engine = replace(direct.clickhouse, port=self.engine_proxy.port)
        if self._other:
            return direct
        lake = replace(direct.lake, endpoint_url=f"http://127.0.0.1:{self.lake_proxy.port}")
        return replace(direct, clickhouse=engine, lake=lake)

    @property
    def client(self) -> Client:
        if self._client is None:
            self._client = connect(self.settings)
        return self._client

    @property
    def lake(self) -> S3Lake:
        return connect_lake(self.settings)

    @property
    def s3(self) -> Any:
        if self._s3 is None:
            self._s3 = s3_client(self.settings)
        return self._s3

    @property
    def bucket(self) -> str:
        return self.settings.lake.bucket

    def put(self, key: str, body: bytes, modified_at: float | None = None) -> None:
        """Write an object; with a time of its own when `modified_at` is given, as a restored copy has it."""
        metadata = {} if modified_at is None else {"mtime": f"{modified_at:.6f}"}
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body, Metadata=metadata)

    def modified_at(self, key: str) -> float:
        """The time that the lake lists for the key, to the millisecond."""
        listed = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=key)["Contents"]
        return next(entry["LastModified"].timestamp() for entry in listed if entry["Key"] == key)

    def delete(self, key: str) -> None:
        self.s3.delete_object(Bucket=self.bucket, Key=key)

    def kill_engine(self) -> None:
        """SIGKILL; the lake ends with it."""
        _kill(self.services.pid)

    def kill_lake(self) -> None:
        """SIGKILL of the lake alone; the engine notices and ends by itself."""
        os.kill(self.services.lake_pid, signal.SIGKILL)
        deadline = time.monotonic() + 30
        while services_status(self.home).is_running and time.monotonic() < deadline:
            time.sleep(0.05)
        _kill(self.services.pid)

    def heal(self) -> None:
        """Everything works again: no rule, all services up."""
        self.engine_proxy.set_rule(None)
        self.lake_proxy.set_rule(None)
        deadline = time.monotonic() + 30
        while services_status(self.home).is_running and time.monotonic() < deadline:
            if _is_answering(self.services):
                return
            # Killed a moment ago: it holds its home until the system has cleared it away.
            time.sleep(0.05)
        self.services = start_services(self.home, bound_to_us=True)
        self.engine_proxy.upstream = (self.services.host, self.services.port)
        self.lake_proxy.upstream = _address(self.services.lake_endpoint_url)
        self._client = self._s3 = None

    def start_loader(self, orders: Orders | None = None, of_empty_lake: bool = False) -> Loader:
        """A loader behind the proxies; `of_empty_lake`: one that finds nothing to load and only tidies up."""
        settings = self.loader_settings
        if of_empty_lake:
            with contextlib.suppress(self.s3.exceptions.BucketAlreadyExists):
                self.s3.create_bucket(Bucket=EMPTY_BUCKET)
            settings = replace(settings, lake=replace(settings.lake, bucket=EMPTY_BUCKET))
        return Loader(settings, orders or Orders())

    def load(self, orders: Orders | None = None) -> Outcome | None:
        """One loader from start to end."""
        return self.start_loader(orders).join()

    def settle(self) -> int:
        """Load, letting time pass in between, until nothing is due; returns the number of loads it took."""
        for count in range(1, MAX_LOADS_TO_SETTLE + 1):
            started = time.monotonic()
            outcome = self.load()
            self.load_seconds = time.monotonic() - started
            assert outcome is not None, "a loader died although it was not killed"
            assert outcome.error == "", f"a load without a fault failed: {outcome.error}"
            if self.is_settled():
                return count
            self.let_time_pass()
        raise AssertionError(
            f"After {MAX_LOADS_TO_SETTLE} loads without a fault there is still work: "
            f"due {[drop.key for drop in pending(self.client, self.lake)]}, failures "
            f"{self.client.query('select object_key, code, message from ops.object_failures').result_rows[:5]}"
        )

    def is_settled(self) -> bool:
        """Nothing is due, nothing waits for its next try, nothing waits for its verdict."""
        unjudged = self.client.query(
            "select count() from ops.first_commits "
            "where (load_id, object_id) not in (select load_id, object_id from ops.load_gates)"
        ).result_rows[0][0]
        discovery = discover(self.client, self.lake)
        return not unjudged and not discovery.due and all(failure.is_permanent for _, failure in discovery.parked)

    def let_time_pass(self, days: int = 2) -> None:
        """Everything in the ledger happened that much longer ago: pauses are over, orphans are old.

        Moments are part of the tables' order, which no UPDATE may change, so each table is rewritten.
        """
        for table, columns in self._moments().items():
            aged = ", ".join(f"{column} - toIntervalDay({days}) as {column}" for column in columns)
            self.client.command(f"create table ops.aged as ops.{table}")
            self.client.command(f"insert into ops.aged select * replace ({aged}) from ops.{table}")
            self.client.command(f"exchange tables ops.aged and ops.{table}")
            self.client.command("drop table ops.aged sync")

    def _moments(self) -> dict[str, list[str]]:
        """Table of the ledger → its columns that say when something was done."""
        rows = self.client.query(
            "select table, groupArray(name) from system.columns where database = 'ops' and type like '%DateTime%' "
            "and name != 'last_modified' and table in "
            "(select name from system.tables where database = 'ops' and engine = 'MergeTree') group by table"
        ).result_rows
        return dict(rows)

    def live_objects(self, verified: Collection[tuple[str, str]] = ()) -> dict[str, LiveObject]:
        """What readers see, by key; without the digest of those (load_id, object_id) that were verified before."""
        rows = self.client.query(
            f"""
            select live.object_key, live.etag, live.load_id, live.object_id, found.accepted, found.rejected, digest.text
            from (select object_key, etag, load_id, object_id from ops.live_objects where kind = 'events') as live
            left join (
                select load_id, object_id, countIf(reject = '') as accepted, countIf(reject != '') as rejected
                from {RAW}
                group by load_id, object_id
            ) as found on found.load_id = live.load_id and found.object_id = live.object_id
            left join (
                select
                    load_id,
                    object_id,
                    lower(hex(MD5(arrayStringConcat(arrayMap(
                        row -> concat(toString(row.1), ':', row.2, ':', toString(row.3), ';'),
                        arraySort(groupArray((line_number, lower(hex(MD5(line))), reject = '')))
                    ))))) as text
                from {RAW}
                where (load_id, object_id) in ({LIVE})
                    and not has({{verified:Array(Tuple(String, String))}}, (load_id, object_id))
                group by load_id, object_id
            ) as digest on digest.load_id = live.load_id and digest.object_id = live.object_id
            """,
            parameters={"verified": list(verified)},
        ).result_rows
        assert len({row[0] for row in rows}) == len(rows), "a key has two live objects"
        return {row[0]: LiveObject(*row[1:]) for row in rows}

    def live_rows(self, keys: Collection[str]) -> list[tuple[str, int, str, bool]]:
        """Every line that readers see of these keys: (key, line number, MD5 of the line, whether it is accepted)."""
        return self.client.query(
            f"select object_key, line_number, lower(hex(MD5(line))), reject = '' from {RAW} "
            f"where (load_id, object_id) in ({LIVE}) and object_key in {{keys:Array(String)}}",
            parameters={"keys": list(keys)},
        ).result_rows

    def parked_keys(self, manifest: Manifest) -> set[str]:
        """Keys whose object in the lake is given up on."""
        rows = self.client.query("select object_key, etag from ops.parked_objects").result_rows
        return {key for key, etag in rows if key in manifest.versions and manifest.versions[key][-1].etag == etag}


def _address(url: str) -> tuple[str, int]:
    host, _, port = url.removeprefix("http://").partition(":")
    return host, int(port)


def _kill(pid: int) -> None:
    """SIGKILL of a child of ours, and its end."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, 0)


def _is_answering(services: Services) -> bool:
    try:
        socket.create_connection((services.host, services.port), 1).close()
    except OSError:
        return False
    return True
