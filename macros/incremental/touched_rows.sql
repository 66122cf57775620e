{#
    Conditions of `touched` models on tables that have a partition for each month of `occurred_at`. Touched learners are
    spread over every table that is in their order, so that their ids alone leave nothing out (ten million statements:
    each such look read all ids, and a small drop looked thirty times); months leave out whole partitions.

    They stand after the learners' ids. Partitions are left out before a row is read, wherever the condition stands; of
    the rows the first condition should be the cheapest that leaves the fewest. All `touched` models therefore
    have `allow_reorder_prewhere_conditions = 0` (query_settings.sql): ordered by the size of columns, verbs, kinds and hashes of all ten million
    rows came before the ids of the two learners in a hundred that were touched, and a look took 1.1 CPU seconds, not
    0.3.
#}
{# The row is a statement of the timeline (a relation): those of touched learners that what is new may change. #}
{% macro is_in_timeline(timeline) -%}
    learner_id in (select learner_id from {{ timeline }})
    and statement_key in (select statement_key from {{ timeline }})
    and toYYYYMM(occurred_at) in (select toYYYYMM(occurred_at) from {{ timeline }})
{%- endmacro %}

{# The row is of the time in which the learners (a relation) were active, as `active`, a table of learners, has it. #}
{% macro is_in_time_of(
    learners, active, first_at="first_event_at", last_at="last_event_at"
) -%}
    occurred_at >= (
        select min({{ first_at }})
        from {{ active }}
        where learner_id in (select learner_id from {{ learners }})
    )
    and occurred_at <= (
        select max({{ last_at }})
        from {{ active }}
        where learner_id in (select learner_id from {{ learners }})
    )
{%- endmacro %}
