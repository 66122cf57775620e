"""Loading drops exactly once: attempt-stamped rows, one small ledger insert as the commit, readers filter by ledger.

discover → plan → land → audit → commit → gate → publish → collect; one module per step. The tables are in
`raw_tables/raw_and_ops.sql`. A kill at any point leaves either nothing visible or a whole batch, and the same object
is never counted twice.
"""

from orchestration.loading.builds import is_build_needed, last_build, live_fingerprint, record_build
from orchestration.loading.discover import is_anything_due, pending
from orchestration.loading.errors import LoadError, WarehouseError
from orchestration.loading.loader import LoadReport, Progress, load_pending
from orchestration.loading.status import Status, status
from orchestration.loading.tables import ensure_raw_tables, prepare_warehouse, set_learner_id_key

__all__ = [
    "LoadError",
    "LoadReport",
    "Progress",
    "Status",
    "WarehouseError",
    "ensure_raw_tables",
    "is_anything_due",
    "is_build_needed",
    "last_build",
    "live_fingerprint",
    "load_pending",
    "pending",
    "prepare_warehouse",
    "record_build",
    "set_learner_id_key",
    "status",
]
