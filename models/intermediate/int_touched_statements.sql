{{
    config(
        engine="MergeTree()",
        order_by=["statement_key"],
        tags=["near_real_time", "touched_set"],
    )
}}

with
    touched_objects as (
        select object_key, load_key
        from {{ ref("int_object_states") }}
        where is_touched {% if is_mostly_touched() %} and false {% endif %}
    ),

    {# The key of the lake comes first in the order of staging: it leads to the rows. #}
    touched_lines as (
        select statement_key, voided_statement_key
        from {{ ref("stg_xapi__statements") }}
        where
            quarantine_reason = ''
            and (
                (
                    object_key in (select object_key from touched_objects)
                    and load_key in (select load_key from touched_objects)
                )
                or {{ is_in_refreshed_month("occurred_at") }}
            )
    )

select distinct statement_key
from touched_lines
union distinct
select distinct voided_statement_key as statement_key
from touched_lines
where voided_statement_key != 0
