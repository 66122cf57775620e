{{ config(materialized="view", tags=["near_real_time"]) }}

select load_id, object_id, kind, source, object_key, line_count
from {{ source("ops", "live_objects") }}
