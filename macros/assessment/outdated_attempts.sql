{#
    Rows of `fct_attempts` as it is, of other learners than those of the timeline, about which these learners' statements
    decide otherwise by now (the item's median time, its module), with what is to be. Found among few columns: reading all
    of two million attempts took 1 s.
#}
{% macro outdated_attempts(timeline) -%}
    select
        attempts.*,
        {{ is_rapid_guess("response_seconds", "median_seconds") }}
        as is_rapid_guess_now,
        module_id_now
    from {{ this }} as attempts {{ attempts_as_items_are() }}
    where
        statement_id in (
            select statement_id
            from {{ this }} as attempts {{ attempts_as_items_are() }}
            where
                (
                    {{ is_rapid_guess("response_seconds", "median_seconds") }}
                    != is_rapid_guess
                    or module_id_now != module_id
                )
                and learner_id not in (select learner_id from {{ timeline }})
        )
{%- endmacro %}

{% macro attempts_as_items_are() -%}
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
{%- endmacro %}
