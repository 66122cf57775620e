{{
    config(
        order_by=["as_of_at", "course_id", "learner_id"],
        tags=["weekly"],
    )
}}

{%- set features = [
    "last_activity_at",
    "tenure_weeks",
    "days_since_last_activity",
    "active_day_count",
    "recent_active_day_count",
    "previous_active_day_count",
    "visit_count",
    "longest_silence_days",
    "first_week_activity_count",
    "first_week_completed_count",
    "first_week_community_count",
    "community_count",
    "activity_count",
    "completed_count",
    "answer_count",
    "right_ratio",
    "right_change",
    "video_count",
    "left_video_ratio",
    "pace_ratio",
] %}

with
    watermark as (
        select complete_through_at
        from {{ ref("agg_data_watermark") }}
        where source = 'all'
    ),

    enrolments as (
        select learner_id, course_id, toString(acquisition_channel) as channel
        from {{ ref("fct_enrolments") }}
    ),

    course_runs as (
        select course_id, ended_at as over_at
        from {{ ref("dim_course_runs") }}
        where isNotNull(ended_at)
    ),

    endings as (
        select
            learner_id,
            course_id,
            least(
                ifNull(completed_at, unenrolled_at), ifNull(unenrolled_at, completed_at)
            ) as ending_at
        from {{ ref("fct_course_endings") }}
    ),

    {# The label looks at what happened, whenever it was delivered; voided statements never happened. #}
    active_days as (
        select
            learner_id, course_id, groupUniqArray(toUInt16(toDate(occurred_at))) as days
        from {{ ref("fct_known_events") }}
        where isNull(voided_at)
        group by learner_id, course_id
    ),

    joined as (
        select
            features.learner_id as learner_id,
            features.course_id as course_id,
            features.as_of_at as as_of_at,
            features.start_week_date as start_week_date,
            {% for feature in features %}
                features.{{ feature }} as {{ feature }},
            {% endfor %}
            enrolments.channel as channel,
            endings.ending_at as ending_at,
            course_runs.over_at as over_at,
            watermark.complete_through_at as complete_through_at,
            addDays(features.as_of_at, {{ var("churn_gap_days") }}) as horizon_at,
            arrayExists(
                day -> day >= toUInt16(toDate(features.as_of_at))
                and day < toUInt16(toDate(horizon_at)),
                active_days.days
            ) as is_active_within
        from {{ ref("agg_churn_features") }} as features
        cross join watermark
        left join enrolments using (learner_id, course_id)
        left join endings using (learner_id, course_id)
        left join active_days using (learner_id, course_id)
        left join course_runs using (course_id)
    ),

    judged as (
        select
            *,
            multiIf(
                ifNull(ending_at < as_of_at, false),
                'already_ended',
                ifNull(over_at < horizon_at, false),
                'course_ended',
                horizon_at > complete_through_at,
                'censored',
                ''
            ) as label_reason,
            is_active_within or ifNull(ending_at < horizon_at, false) as is_kept
        from joined
    )

select
    learner_id,
    course_id,
    as_of_at,
    horizon_at,
    start_week_date,
    toLowCardinality(if(channel = '', 'unknown', channel)) as acquisition_channel,
    if(label_reason = '', toBool(not is_kept), null) as is_churned,
    toLowCardinality(label_reason) as label_reason,
    {{ features | join(",\n    ") }}
from judged
