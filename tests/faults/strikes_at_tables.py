"""Faults of what is written: an INSERT that breaks off, a full disk, a ledger from yesterday."""

from tests.faults.offers import TINY
from tests.faults.proxy import Mischief, once
from tests.faults.strikes import Scene, reads_an_object, strike
from tests.faults.warehouse_site import RAW


@strike("insert cancelled half way")
def cancel_insert(scene: Scene) -> bool:
    """Half of an object is there when the INSERT is killed by its id, as an operator or a time limit does it."""
    site = scene.site

    def cancel() -> None:
        site.client.command("kill query where query_kind = 'Insert' sync")

    site.lake_proxy.set_rule(once(reads_an_object, Mischief(halfway=cancel)))
    scene.let_load()
    return site.lake_proxy.hits > 0


@strike("insert fails on a broken object")
def offer_broken_object(scene: Scene) -> bool:
    scene.offers.new_broken_object()
    outcome = scene.site.load()
    assert outcome, "the loader died although it was not killed"
    assert outcome.error == "", outcome.error
    return True


@strike("ledger restored from an older copy")
def restore_ledger(scene: Scene) -> bool:
    """Commits are forgotten, their rows are not: they must neither count nor be lost."""
    client = scene.site.client
    tables = [
        name
        for (name,) in client.query(
            "select name from system.tables where database = 'ops' and engine like '%MergeTree'"
        ).result_rows
    ]
    client.command("create database ops_copy")
    for table in tables:
        client.command(f"create table ops_copy.{table} as ops.{table}")
        client.command(f"insert into ops_copy.{table} select * from ops.{table}")
    scene.let_load()
    scene.offers.new_object(TINY)
    scene.let_load()
    for table in tables:
        client.command(f"exchange tables ops.{table} and ops_copy.{table}")
    client.command("drop database ops_copy sync")
    return True


@strike("disk full")
def fill_disk(scene: Scene) -> bool:
    """The engine refuses to write a part, as it does below its threshold of free space."""
    table = scene.chance.choice([RAW, "ops.load_commits", "ops.load_gates", "ops.load_plan"])
    threshold = "min_free_disk_bytes_to_perform_insert"
    scene.site.client.command(f"alter table {table} modify setting {threshold} = 1000000000000000000")
    try:
        scene.let_load(must_fail=True)
    finally:
        scene.site.client.command(f"alter table {table} reset setting {threshold}")
    return True
