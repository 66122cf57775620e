{{ config(materialized="view", tags=["near_real_time"]) }}

select load_id, object_id, refused_count, refused_by_reason
from {{ source("ops", "object_refusals") }}
