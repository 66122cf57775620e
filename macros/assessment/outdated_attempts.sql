{#
    Rows of `fct_attempts` as it is about which other learners' statements decide otherwise by now (the item's median
    time, its module), as they are to be.
#}
{% macro outdated_attempts() -%}
    select
        attempts.* except (is_rapid_guess, module_id),
        {{ is_rapid_guess("attempts.response_seconds", "item_times.median_seconds") }}
        as is_rapid_guess_now,
        activities.module_id as module_id_now
    from {{ this }} as attempts
    left join {{ ref("int_item_times") }} as item_times on attempts.item_id = item_times.item_id
    left join
        {{ ref("dim_activities") }} as activities
        on attempts.item_id = activities.activity_id
    where
        is_rapid_guess_now != attempts.is_rapid_guess
        or module_id_now != attempts.module_id
{%- endmacro %}
