{{ config(materialized="view", tags=["near_real_time"]) }}

select load_id, object_id, verdict, reason, judged_at
from {{ source("ops", "current_verdicts") }}
