{{
    config(
        materialized="touched",
        codecs={
            "session_id": "ZSTD(1)",
            "activity_id": "ZSTD(1)",
            "referrer_activity_id": "ZSTD(1)",
            "arrived_at": "ZSTD(1)",
            "last_event_at": "ZSTD(1)",
            "left_at": "ZSTD(1)",
        },
        order_by=["learner_id", "arrived_at", "session_id", "visit_number"],
        partition_by="toYYYYMM(arrived_at)",
        tags=["nightly"],
    )
}}

with
    activities as (
        select activity_id, activity_type, parent_activity_id
        from {{ ref("dim_activities") }}
    ),

    sessions as (select session_id, is_provisional from {{ ref("fct_sessions") }}),

    {#
        Verbs that leave an activity come late (a tab closed in the background) and would count as going back to it;
        what a teacher or a system records about the learner is no move of the learner.
    #}
    events as (
        select
            statement_id,
            session_id,
            learner_id,
            activity_id,
            course_id,
            verb_group = 'navigation' as is_navigation,
            arrival_type,
            referrer_activity_id,
            occurred_at
        from {{ ref("fct_learning_events") }}
        where
            {{ is_in_batch("learner_id") }}
            and activity_id != ''
            and verb_group not in ('administration', 'session')
            and verb not in (
                'terminated',
                'suspended',
                'exited',
                'abandoned',
                'closed',
                'waived',
                'satisfied',
                'mastered',
                'scored',
                'evaluated',
                'imported'
            )
    ),

    {#
        Who answers a question is in its assessment; an input of a question is in the question. A course, a module and
        the platform are places only when a learner opens their page: their `initialized` and `completed` tell of what
        happens inside.
    #}
    places as (
        select
            activities.activity_id as activity_id,
            multiIf(
                activities.activity_type != 'question',
                activities.activity_id,
                parents.activity_type = 'assessment',
                parents.activity_id,
                grandparents.activity_type = 'assessment',
                grandparents.activity_id,
                parents.activity_type = 'question',
                parents.activity_id,
                activities.activity_id
            ) as place_id,
            activities.activity_type in ('course', 'module', 'platform') as is_container
        from activities
        left join
            activities as parents on activities.parent_activity_id = parents.activity_id
        left join
            activities as grandparents
            on parents.parent_activity_id = grandparents.activity_id
    ),

    placed_events as (
        select
            events.statement_id as statement_id,
            events.session_id as session_id,
            events.learner_id as learner_id,
            events.course_id as event_course_id,
            events.arrival_type as event_arrival_type,
            events.referrer_activity_id as event_referrer_id,
            events.occurred_at as occurred_at,
            places.place_id as place_id
        from events
        inner join places using (activity_id)
        where events.is_navigation or not places.is_container
    ),

    with_previous as (
        select
            *,
            lagInFrame(place_id) over (
                partition by session_id
                order by occurred_at, statement_id
                rows between unbounded preceding and unbounded following
            ) as previous_place_id
        from placed_events
    ),

    numbered as (
        select
            *,
            countIf(place_id != previous_place_id) over (
                partition by session_id
                order by occurred_at, statement_id
                rows between unbounded preceding and current row
            ) as place_number
        from with_previous
    ),

    {# The first event of a visit that says how the learner came: `initialized` seldom does, the `viewed` after it may. #}
    visits as (
        select
            session_id,
            learner_id,
            place_number,
            max(place_id) as visited_id,
            min(occurred_at) as arrived_at,
            max(occurred_at) as last_event_at,
            count() as event_count,
            argMinIf(
                event_course_id, (occurred_at, statement_id), event_course_id != ''
            ) as course_id,
            argMinIf(
                toString(event_arrival_type),
                (occurred_at, statement_id),
                event_arrival_type not in ('', 'unknown')
            ) as reported_arrival_type,
            argMinIf(
                event_referrer_id, (occurred_at, statement_id), event_referrer_id != ''
            ) as referrer_activity_id
        from numbered
        group by session_id, learner_id, place_number
    ),

    with_next as (
        select
            *,
            leadInFrame(arrived_at) over in_session as next_arrived_at,
            place_number = count() over in_session as is_session_end
        from visits
        window
            in_session as (
                partition by session_id
                order by place_number
                rows between unbounded preceding and unbounded following
            )
    ),

    final as (
        select
            with_next.session_id as session_id,
            with_next.place_number as visit_number,
            with_next.learner_id as learner_id,
            with_next.visited_id as activity_id,
            with_next.course_id as course_id,
            toLowCardinality(
                ifNull(nullIf(with_next.reported_arrival_type, ''), 'unknown')
            ) as arrival_type,
            with_next.referrer_activity_id as referrer_activity_id,
            with_next.arrived_at as arrived_at,
            with_next.last_event_at as last_event_at,
            if(with_next.is_session_end, null, with_next.next_arrived_at) as left_at,
            with_next.event_count as event_count,
            toBool(with_next.place_number = 1) as is_session_start,
            toBool(with_next.is_session_end) as is_session_end,
            toBool(
                with_next.is_session_end and sessions.is_provisional
            ) as is_provisional,
            if(
                isNull(left_at),
                null,
                {{
                    seconds(
                        "dateDiff('millisecond', arrived_at, assumeNotNull(left_at))"
                    )
                }}
            ) as dwell_seconds
        from with_next
        inner join sessions using (session_id)
    )

select *
from final
