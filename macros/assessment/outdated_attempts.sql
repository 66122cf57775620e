{#
    Rows of `fct_attempts` as it is about which other learners' statements decide otherwise by now (the item's median
    time, its module), with what is to be.
#}
{% macro outdated_attempts() -%}
    select
        attempts.*,
        {{ is_rapid_guess("response_seconds", "median_seconds") }}
        as is_rapid_guess_now,
        module_id_now
    from {{ this }} as attempts
    left join
        (
            select item_id as timed_item_id, median_seconds
            from {{ ref("int_item_times") }}
        ) as item_times
        on item_id = timed_item_id
    left join
        (
            select activity_id, module_id as module_id_now
            from {{ ref("dim_activities") }}
        ) as activities
        on item_id = activity_id
    where is_rapid_guess_now != is_rapid_guess or module_id_now != module_id
{%- endmacro %}
