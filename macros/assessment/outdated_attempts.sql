{#
    Rows of `fct_attempts` as it is, of other items than those that are touched, about which the touched statements decide
    otherwise by now (the item's median time, its module), with what is to be. The few items with such rows are
    found first, by their slowest guess and fastest answer: joining two million attempts to their items took 0.8 s.
#}
{% macro outdated_attempts(touched_activities) -%}
    {%- set items_as_they_are -%}
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
    {%- endset -%}
    select
        attempts.*,
        {{ is_rapid_guess("response_seconds", "median_seconds") }}
        as is_rapid_guess_now,
        module_id_now
    from {{ this }} as attempts {{ items_as_they_are }}
    where
        item_id in (
            select item_id
            from
                (
                    select
                        item_id,
                        maxIf(response_seconds, is_rapid_guess) as slowest_guess,
                        minIf(response_seconds, not is_rapid_guess) as fastest_answer,
                        groupUniqArray(module_id) as module_ids
                    from {{ this }}
                    group by item_id
                ) as items {{ items_as_they_are }}
            where
                isNotNull(slowest_guess)
                and not {{ is_rapid_guess("slowest_guess", "median_seconds") }}
                or {{ is_rapid_guess("fastest_answer", "median_seconds") }}
                or module_ids != [module_id_now]
        )
        and (is_rapid_guess_now != is_rapid_guess or module_id_now != module_id)
        and {{ compact_key(["learner_id", "item_id"]) }}
        not in (select activity_key from {{ touched_activities }})
{%- endmacro %}
