"""The verdicts on an object of a load, as ops.load_gates has them.

The gate gives `pass`, `quarantine` (published with warnings) and `block` (held). A held object leaves the gate by
`release`, a person's decision, or as `superseded`: a later version of its key is published.
"""

PASS, QUARANTINE, BLOCK, RELEASE, SUPERSEDED = "pass", "quarantine", "block", "release", "superseded"

PUBLISHED = (PASS, QUARANTINE, RELEASE)
"""Readers see an object with one of these (see ops.live_objects)."""

IS_PUBLISHED = f"verdict in {PUBLISHED}"
"""The same as a condition of SQL."""

LAST_VERDICT = f"argMax(verdict, (verdict = '{RELEASE}', judged_at))"
"""The verdict that counts, within a group of load and object, as in ops.current_verdicts: a release is final."""

COLUMNS = ("load_id", "object_id", "verdict", "reason", "judged_at")
MAX_REASON = 500
