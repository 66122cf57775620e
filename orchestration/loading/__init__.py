"""Loading drops exactly once: attempt-stamped rows, one small ledger insert as the commit, readers filter by ledger.

discover → plan → land → audit → commit → gate → publish → collect: `loader` takes the steps in turn, `release` and
`replay` are a person's decisions. A kill at any point leaves either nothing visible or a whole batch, and the same
object is never counted twice. The rooms, each of which imports from those below it only:

    recovery what the load does with an attempt that fails
    steps    the eight steps
    upkeep   what keeps ledger, raw and lake in agreement
    state    what the ledger says of the warehouse: where every object is, what is held or refused, what was built
    ledger   the tables (`raw_tables/`), and what is entered there
    lake     drops, their identity, which of them are looked at, and how a file becomes one
"""

from orchestration.loading.errors import LoadError, WarehouseError
from orchestration.loading.ledger.tables import ensure_raw_tables, prepare_warehouse, set_learner_id_key
from orchestration.loading.loader import LoadReport, Progress, load_pending
from orchestration.loading.state.builds import (
    is_build_needed,
    is_ledger_empty,
    last_build,
    live_fingerprint,
    record_build,
)
from orchestration.loading.state.status import Status, status
from orchestration.loading.steps.discover import is_anything_due, pending

__all__ = [
    "LoadError",
    "LoadReport",
    "Progress",
    "Status",
    "WarehouseError",
    "ensure_raw_tables",
    "is_anything_due",
    "is_build_needed",
    "is_ledger_empty",
    "last_build",
    "live_fingerprint",
    "load_pending",
    "pending",
    "prepare_warehouse",
    "record_build",
    "set_learner_id_key",
    "status",
]
