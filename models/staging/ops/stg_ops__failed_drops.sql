{{ config(materialized="view", tags=["near_real_time"]) }}

select
    object_id,
    kind,
    source,
    bucket,
    object_key,
    etag,
    size_bytes,
    last_modified as delivered_at,
    code,
    message,
    is_permanent,
    failed_at
from {{ source("ops", "object_failures") }}
