{{
    config(
        order_by=["statement_key"],
        tags=["near_real_time", "touched_set"],
    )
}}

{#
    A stretch is a run of a learner's events without a silence longer than any that a session may contain; events that
    were and events that are count alike. So no session, before or after, reaches over the end of a stretch, and those of
    stretches without a touched point are as they were. Touched are the events of touched views too: how long a player
    can have played on decides how long a silence a session bears. Stretches are cut as arrays: windows sorted all
    events of the touched learners twice.
#}
{%- set learner_courses = ref("int_learner_courses") %}
{%- set longest_silence_ms = [
    60000 * var("session_gap_minutes"),
    3600000 * var("player_silence_max_hours"),
] | max %}

with
    points as (
        select statement_key, statement_id, learner_id, occurred_at
        from {{ ref("int_touched_points") }}
    ),

    touched_views as (select view_key, learner_id from {{ ref("int_touched_views") }}),

    learners as (
        select learner_id
        from points
        union distinct
        select learner_id
        from touched_views
    ),

    events as (
        select
            statement_key,
            statement_id,
            learner_id,
            occurred_at,
            activity_type = 'video'
            and {{ compact_key(["learner_id", "activity_id"]) }}
            in (select view_key from touched_views) as is_point
        from {{ ref("int_statements__deduplicated") }}
        where
            learner_id in (select learner_id from learners)
            and {{ is_in_time_of("learners", learner_courses) }}
    ),

    timeline as (
        select statement_key, statement_id, learner_id, occurred_at, is_point
        from events
        union all
        select statement_key, statement_id, learner_id, occurred_at, 1 as is_point
        from points
    ),

    histories as (
        select
            learner_id,
            arraySort(
                groupArray((occurred_at, statement_key, statement_id, is_point))
            ) as moments
        from timeline
        group by learner_id
    ),

    stretches as (
        select
            learner_id,
            arrayJoin(
                arrayFilter(
                    stretch -> arrayExists(moment -> moment.is_point, stretch),
                    arraySplit(
                        (moment, silence_ms) -> silence_ms > {{ longest_silence_ms }},
                        moments,
                        arrayDifference(
                            arrayMap(
                                moment -> toUnixTimestamp64Milli(moment.occurred_at),
                                moments
                            )
                        )
                    )
                )
            ) as stretch
        from histories
    ),

    final as (
        select distinct
            learner_id,
            moment.occurred_at as occurred_at,
            moment.statement_key as statement_key,
            moment.statement_id as statement_id
        from stretches
        array join stretch as moment
    )

select
    statement_key,
    statement_id,
    learner_id,
    occurred_at,
    {{ surrogate_key(["learner_id", "statement_id"]) }} as session_id
from final
