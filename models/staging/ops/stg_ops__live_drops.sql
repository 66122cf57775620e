{{ config(materialized="view", tags=["near_real_time"]) }}

select load_id, object_id, kind, source, object_key
from {{ source("ops", "live_objects") }}
