{{ config(materialized="view", tags=["weekly", "churn"]) }}

select distinct learner_id, course_id, contacted_at, kind
from {{ source("ops", "interventions") }}
