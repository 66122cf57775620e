{{
    config(
        materialized="touched",
        codecs={
            "session_id": "ZSTD(1)",
            "from_activity_id": "ZSTD(1)",
            "to_activity_id": "ZSTD(1)",
            "referrer_activity_id": "ZSTD(1)",
            "dwell_seconds": "ZSTD(1)",
            "occurred_at": "ZSTD(1)",
        },
        order_by=["learner_id", "occurred_at", "session_id", "move_number"],
        partition_by="toYYYYMM(occurred_at)",
        tags=["nightly"],
    )
}}

with
    visits as (
        select
            session_id,
            visit_number,
            learner_id,
            activity_id,
            course_id,
            arrival_type,
            referrer_activity_id,
            arrived_at
        from {{ ref("fct_activity_visits") }}
        where {{ is_in_batch("learner_id") }}
    ),

    units as (
        select unit_id, course_id, unit_kind, position from {{ ref("dim_units") }}
    ),

    ranked_units as (
        select
            unit_id,
            course_id,
            {{ published_rank() }} as unit_rank,
            count() over (partition by unit_id) as course_count
        from units
        where unit_kind = 'activity'
    ),

    {# A visit that names no course is in the unit's only one. #}
    visited_units as (
        select unit_id, course_id as visit_course_id, course_id, unit_rank
        from ranked_units
        union all
        select unit_id, '' as visit_course_id, course_id, unit_rank
        from ranked_units
        where course_count = 1
    ),

    with_previous as (
        select
            *,
            lagInFrame(activity_id) over in_session as from_activity_id,
            lagInFrame(course_id) over in_session as from_course_id,
            lagInFrame(arrived_at) over in_session as from_arrived_at
        from visits
        window
            in_session as (
                partition by session_id
                order by visit_number
                rows between unbounded preceding and unbounded following
            )
    ),

    final as (
        select
            with_previous.session_id as session_id,
            with_previous.visit_number - 1 as move_number,
            with_previous.learner_id as learner_id,
            with_previous.course_id as course_id,
            with_previous.from_course_id as from_course_id,
            with_previous.from_activity_id as from_activity_id,
            with_previous.activity_id as to_activity_id,
            with_previous.arrival_type as arrival_type,
            with_previous.referrer_activity_id as referrer_activity_id,
            with_previous.arrived_at as occurred_at,
            dateDiff(
                'millisecond', with_previous.from_arrived_at, with_previous.arrived_at
            ) as dwell_ms,
            if(
                from_units.course_id = to_units.course_id,
                toInt64(to_units.unit_rank) - toInt64(from_units.unit_rank),
                null
            ) as units_ahead
        from with_previous
        left join
            visited_units as from_units
            on with_previous.from_activity_id = from_units.unit_id
            and with_previous.from_course_id = from_units.visit_course_id
        left join
            visited_units as to_units
            on with_previous.activity_id = to_units.unit_id
            and with_previous.course_id = to_units.visit_course_id
        where with_previous.visit_number > 1
    )

select
    session_id,
    toUInt64(move_number) as move_number,
    learner_id,
    course_id,
    from_course_id,
    from_activity_id,
    to_activity_id,
    arrival_type,
    referrer_activity_id,
    toLowCardinality(
        multiIf(
            isNull(units_ahead),
            'none',
            units_ahead = 1,
            'forward',
            units_ahead > 1,
            'skip',
            'back'
        )
    ) as step,
    toInt32(units_ahead) as units_ahead,
    {{ seconds("dwell_ms") }} as dwell_seconds,
    occurred_at
from final
