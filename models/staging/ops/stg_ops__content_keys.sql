{{ config(materialized="view", tags=["near_real_time"]) }}

select {{ learner_key("'contents of statements'") }} as content_key
