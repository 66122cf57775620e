{{
    config(
        materialized="touched",
        replaces="{{ compact_key(['occurred_date', 'activity_id']) }} in (select "
        ~ "{{ compact_key(['toDate(occurred_at)', 'activity_id']) }} from {{ ref('int_touched_points') }})",
        sampled_by="occurred_date",
        order_by=["occurred_date", "activity_id"],
        tags=["near_real_time"],
    )
}}

{#
    What the statements of a day say about an activity, counted: the dimensions need this only, and a run recounts the
    activities of the days that it touched, not all of history (ten million statements: 3 s). By month, the few stragglers
    of a drop had nearly every activity of every month recounted (2.0 s of CPU; by day 0.4). The last report is a text,
    time first: the largest of so many pairs costs twice the time.
#}
{%- set named_by_learners = ref("named_by_learners") %}
{%- set touched_points = ref("int_touched_points") %}

with
    statements as (
        select
            statement_id,
            activity_id,
            activity_type,
            activity_name != ''
            and (
                activity_type_iri in (select iri from {{ named_by_learners }})
                or verb_iri in (select iri from {{ named_by_learners }})
            ) as is_named_by_learners,
            if(is_named_by_learners, '', activity_name) as shown_name,
            course_id,
            parent_activity_id,
            occurred_at,
            if(
                activity_type = 'video'
                and content_length_seconds > 0
                and content_length_seconds < 1000000,
                ifNull({{ milliseconds("content_length_seconds") }}, 0),
                0
            ) as reported_length_ms
        from {{ ref("int_statements__deduplicated") }}
        {% if is_touched_build() %}
            where
                toDate(occurred_at)
                in (select toDate(occurred_at) from {{ touched_points }})
                and toYYYYMM(occurred_at)
                in (select toYYYYMM(occurred_at) from {{ touched_points }})
                and {{ compact_key(["toDate(occurred_at)", "activity_id"]) }} in (
                    select {{ compact_key(["toDate(occurred_at)", "activity_id"]) }}
                    from {{ touched_points }}
                )
        {% endif %}
    ),

    final as (
        select
            toDate(occurred_at) as occurred_date,
            activity_id,
            activity_type,
            shown_name,
            is_named_by_learners,
            course_id,
            parent_activity_id,
            reported_length_ms,
            count() as report_count,
            min(occurred_at) as first_at,
            max(concat(toString(occurred_at), statement_id)) as last_report
        from statements
        group by
            occurred_date,
            activity_id,
            activity_type,
            shown_name,
            is_named_by_learners,
            course_id,
            parent_activity_id,
            reported_length_ms
    )

select
    occurred_date,
    activity_id,
    activity_type,
    shown_name as activity_name,
    is_named_by_learners,
    course_id,
    parent_activity_id,
    reported_length_ms,
    report_count,
    first_at,
    toDateTime64(substring(last_report, 1, 23), 3, 'UTC') as last_at,
    substring(last_report, 24) as last_statement_id
from final
