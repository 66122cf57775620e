{{ config(materialized="view", tags=["near_real_time"]) }}

select load_id, object_id, line_number, line
from {{ source("raw", "event_lines") }}
where
    (load_id, object_id)
    in (select load_id, object_id from {{ ref("int_object_states") }} where is_live)
