{{
    config(
        codecs={
            "statement_id": "ZSTD(1)",
            "occurred_at": "ZSTD(1)",
            "known_at": "ZSTD(1)",
        },
        order_by=["learner_id", "course_id", "occurred_at", "statement_id"],
        tags=["weekly"],
    )
}}

{#
    What was known when. A statement of live operation is known from its first delivery; one that is older than the first
    delivery of its source came with the history, whose delivery says nothing, and is known from when it occurred. Only
    what came in a later week than it occurred is looked up: questions are asked of Mondays.
#}
{%- set tolerance %}interval {{ var("allowed_lateness_hours") }} hour{% endset %}

with
    deliveries as (
        select
            statement_id,
            source,
            delivered_at,
            subtractMilliseconds(
                delivered_at, toInt64(round(lateness_seconds * 1000))
            ) as delivered_event_at
        from {{ ref("fct_event_deliveries") }}
    ),

    source_starts as (
        select source, min(delivered_at) as started_at from deliveries group by source
    ),

    late_statements as (
        select deliveries.statement_id as statement_id
        from deliveries
        inner join source_starts on deliveries.source = source_starts.source
        where
            deliveries.delivered_event_at >= source_starts.started_at
            and toMonday(deliveries.delivered_at - {{ tolerance }})
            > toMonday(deliveries.delivered_event_at)
    ),

    first_deliveries as (
        select statement_id, min(delivered_at) as first_delivered_at, 1 as is_late
        from deliveries
        where statement_id in (select statement_id from late_statements)
        group by statement_id
    ),

    events as (
        select
            statement_id,
            source,
            learner_id,
            assumeNotNull(course_id) as known_course_id,
            verb,
            verb_group,
            activity_id,
            activity_type,
            is_part,
            is_correct,
            is_completed,
            score_scaled,
            occurred_at,
            toDateTime64('2106-01-01', 3, 'UTC') as voided_at,
            voided_at as voiding_delivered_at
        from {{ ref("fct_learning_events") }}
        union all
        select
            statement_id,
            source,
            learner_id,
            course_id as known_course_id,
            verb,
            verb_group,
            activity_id,
            activity_type,
            is_part,
            is_correct,
            is_completed,
            score_scaled,
            occurred_at,
            voided_at,
            voiding_delivered_at
        from {{ ref("fct_voided_events") }}
    ),

    {# An administrator enrols a learner: not activity of the learner. #}
    own_events as (
        select
            *,
            {{ is_right("is_correct", "verb") }} as verdict,
            {{ is_attempt() }}
            and isNotNull(verdict)
            and activity_type != 'assessment' as is_answer,
            {{ is_completion() }} as is_completing
        from events
        where
            known_course_id != ''
            and verb_group != 'administration'
            and verb != 'waived'
    ),

    final as (
        select
            own_events.statement_id as statement_id,
            learner_id,
            known_course_id as course_id,
            activity_id,
            verb_group,
            activity_type,
            if(is_answer, verdict, null) as is_right,
            is_completing,
            occurred_at,
            if(
                first_deliveries.is_late = 1,
                greatest(
                    occurred_at, first_deliveries.first_delivered_at - {{ tolerance }}
                ),
                occurred_at
            ) as known_at,
            if(
                voided_at >= source_starts.started_at,
                greatest(voided_at, voiding_delivered_at - {{ tolerance }}),
                voided_at
            ) as known_voided_at
        from own_events
        left join source_starts on own_events.source = source_starts.source
        left join
            first_deliveries on own_events.statement_id = first_deliveries.statement_id
    )

select
    statement_id,
    learner_id,
    course_id,
    activity_id,
    toLowCardinality(verb_group) as verb_group,
    toLowCardinality(activity_type) as activity_type,
    toNullable(toBool(is_right)) as is_right,
    toBool(is_completing) as is_completing,
    occurred_at,
    known_at,
    nullIf(known_voided_at, toDateTime64('2106-01-01', 3, 'UTC')) as voided_at
from final
