{{ config(materialized="view", tags=["near_real_time"]) }}

select
    load_id,
    object_id,
    kind,
    source,
    bucket,
    object_key,
    etag,
    size_bytes,
    last_modified as delivered_at,
    line_count,
    rejected_count,
    committed_at as loaded_at
from {{ source("ops", "first_commits") }}
