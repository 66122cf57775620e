{{
    config(
        engine="MergeTree()",
        order_by=["statement_id", "object_key", "line_number"],
        partition_by="toYYYYMM(delivered_at)",
        tags=["nightly"],
    )
}}

select
    statement_id,
    object_id,
    object_key,
    line_number,
    source,
    delivered_at,
    loaded_at,
    {{ seconds("dateDiff('millisecond', occurred_at, delivered_at)") }}
    as lateness_seconds
from {{ ref("stg_xapi__statements") }}
where quarantine_reason = ''
