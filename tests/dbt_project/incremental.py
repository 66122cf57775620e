"""A warehouse that is built drop by drop, and beside it, in another schema, one built whole from the same lines."""

import subprocess
from dataclasses import dataclass, field, replace

from clickhouse_connect.driver.client import Client

from orchestration.settings import Settings
from tests.dbt_command import MODELS_ONLY, RUN_SECONDS, TOUCHED, Dbt
from tests.faults.proxy import Mischief, Proxy, Request, once

NO_SEEDS = ("--exclude-resource-type", "seed")
# What a few lines touch is most of a few lines: without this every run would build whole.
NEVER_WHOLE = "rebuild_touched_ratio: 2"
# Rows as a set, without what tells the run.
TABLES = {
    "staging.stg_xapi__statements": "* from {table} where load_key in "
    "(select load_key from {schema}intermediate.int_object_states where is_live)",
    "intermediate.int_statements__compared": "* from {table}",
    "intermediate.int_statements__deduplicated": "* from {table}",
    "marts.fct_learning_events": "* from {table}",
    "marts.fct_event_deliveries": "* from {table}",
}


@dataclass
class Incremental:
    """dbt on the test's warehouse, over a proxy that can kill it between any two of its queries."""

    client: Client
    settings: Settings
    vars: str = NEVER_WHOLE
    proxy: Proxy = field(init=False)
    is_seeded: bool = False
    """Whether a build has written the seeds, which stay as they are."""
    whole_of: tuple = ()
    """The live objects that the other schema was built from."""

    def __post_init__(self) -> None:
        self.proxy = Proxy((self.settings.clickhouse.host, self.settings.clickhouse.port))

    def dbt(self) -> Dbt:
        engine = replace(self.settings.clickhouse, port=self.proxy.port)
        return Dbt(replace(self.settings, clickhouse=engine), ("--vars", f"{{{self.vars}}}"))

    def build(self, *options: str) -> None:
        """Build all touched models and what they need, or what is selected."""
        self.dbt().run("build", *self._chosen(options))
        self.is_seeded = self.is_seeded or not options

    def _chosen(self, options: tuple[str, ...]) -> tuple[str, ...]:
        return (*(options or TOUCHED), *MODELS_ONLY, *(NO_SEEDS if self.is_seeded else ()))

    def build_whole(self) -> None:
        """Build what is compared in the other schema, past the proxy, unless it is there already."""
        live = self.client.query("select count(), sum(cityHash64(load_id, object_id)) from ops.live_objects").first_row
        if live == self.whole_of:
            return
        dbt = Dbt(self.settings, environment={"WAREHOUSE_SCHEMA": "whole"})
        compared = [f"+{table.partition('.')[2]}" for table in TABLES]
        dbt.run("build", "--full-refresh", "--select", *compared, *MODELS_ONLY, *(NO_SEEDS if self.whole_of else ()))
        self.whole_of = live

    def build_killed(self, *words: str, is_after: bool = False, options: tuple[str, ...] = ()) -> None:
        """SIGKILL dbt when it sends the query with all these words, or when that was answered."""
        processes: list[subprocess.Popen] = []

        def kill() -> None:
            processes[0].kill()

        mischief = Mischief(after=kill, cut_at=0) if is_after else Mischief(before=kill)
        self.proxy.set_rule(once(lambda request: holds(request, words), mischief))
        processes.append(self.dbt().start("build", *self._chosen(options)))
        output, _ = processes[0].communicate(timeout=RUN_SECONDS)
        assert self.proxy.wait_until_idle(), f"dbt never sent {words}:\n{output[-6000:]}"
        self.proxy.set_rule(None)
        assert processes[0].returncode < 0

    def differences(self) -> dict[str, str]:
        """Table → rows only here and rows only in what is built whole of the same objects, for each that differs."""
        self.build_whole()
        differing = {}
        for table, rows in TABLES.items():
            here, whole = (
                f"select {rows.format(table=f'{prefix}{table}', schema=prefix)}" for prefix in ("", "whole_")
            )
            only = [
                self.client.query(f"select count() from ({a} except all {b})").result_rows[0][0]
                for a, b in ((here, whole), (whole, here))
            ]
            if only != [0, 0]:
                differing[table] = f"{only[0]} rows only here, {only[1]} only in the whole"
        return differing

    def touched(self) -> int:
        """Objects that no finished run has consumed."""
        states = "select countIf(is_touched) from intermediate.int_object_states"
        return self.client.query(states).result_rows[0][0]

    def names(self, database: str) -> set[str]:
        return {row[0] for row in self.client.query(f"show tables from {database}").result_rows}


def holds(request: Request, words: tuple[str, ...]) -> bool:
    """Whether the query has these words, however it is quoted and spaced."""
    text = " ".join(request.body.decode(errors="replace").lower().replace("`", "").split())
    return all(word in text for word in words)
