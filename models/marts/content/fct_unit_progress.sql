{{
    config(
        materialized="touched",
        replaces="{{ is_touched_unit() }}",
        basis=[
            "select unit_id, unit_kind, activity_type, course_id, module_id, expected_seconds "
            ~ "from {{ ref('dim_units') }}",
            "with units as (select course_id, unit_id from {{ ref('dim_units') }}) "
            ~ "select course_id, activity_id, activity_type, parent_activity_id, module_id "
            ~ "from {{ ref('dim_course_activities') }} "
            ~ "where (course_id, activity_id) in units or (course_id, module_id) in units "
            ~ "or (course_id, parent_activity_id) in units",
        ],
        sampled_by="learner_id",
        codecs={"learner_id": "ZSTD(1)"},
        order_by=["course_id", "unit_id", "learner_id"],
        partition_by="toYYYYMM(cohort_month)",
        tags=["near_real_time"],
    )
}}

{# `basis` leaves out the activities that lead to no unit, such as courses and profiles: new ones come every day. #}
{%- set touched_units = ref("int_touched_units") %}
{%- set learner_courses = ref("int_learner_courses") %}
{%- set first_of_units -%}
    min(reached_units.reached_at) over (
        partition by reached_units.learner_id, reached_units.course_id
    )
{%- endset %}
{%- set is_of_this_build %}
    {% if is_touched_build() %} learner_id in (select learner_id from {{ touched_units }})
    {% else %} {{ is_in_batch("learner_id") }}
    {% endif %}
{% endset %}

with
    units as (
        select unit_id, unit_kind, activity_type, course_id, module_id, expected_seconds
        from {{ ref("dim_units") }}
    ),

    course_activities as (
        select
            course_id,
            activity_id,
            activity_type,
            ifNull(parent_activity_id, '') as parent_activity_id,
            ifNull(module_id, '') as module_id
        from {{ ref("dim_course_activities") }}
    ),

    {% if is_touched_build() %}
        needed_activities as ({{ activities_of_touched_units("course_activities") }}),

        recorded_firsts as ({{ recorded_first_reached() }}),
    {% endif %}

    {# What others do to a learner's record is not the learner reaching content. #}
    events as (
        select
            learner_id,
            activity_id,
            ifNull(course_id, '') as named_course_id,
            {{ is_completion() }} as is_completing,
            occurred_at,
            ifNull(active_seconds_low, 0) as active_seconds
        from {{ ref("fct_learning_events") }}
        where
            {{ is_of_this_build }}
            {% if is_touched_build() %}
                and {{ is_in_time_of(touched_units, learner_courses) }}
                and (
                    {{ compact_key(["learner_id", "activity_id"]) }}
                    in (select activity_key from needed_activities)
                    or learner_id
                    in (select learner_id from {{ touched_units }} where unit_id = '')
                )
            {% endif %}
            and verb_group != 'administration'
            and verb != 'waived'
    ),

    video_views as (
        select video_id, learner_id, coverage_ratio, is_completed, last_watched_at
        from {{ ref("fct_video_views") }}
        where {{ is_of_this_build }}
    ),

    attempts as (
        select
            learner_id,
            item_id,
            ifNull(course_id, '') as named_course_id,
            item_type in ('question', 'assessment') as is_test,
            if(
                item_type = 'question', ifNull(assessment_id, ''), toString(item_id)
            ) as assessment_id,
            is_correct,
            answered_at
        from {{ ref("fct_attempts") }}
        where {{ is_of_this_build }} and is_first_attempt and not is_total
    ),

    enrolments as (
        select
            learner_id, course_id, enrolled_at, acquisition_channel, true as is_enrolled
        from {{ ref("fct_enrolments") }}
        where {{ is_of_this_build }}
    ),

    learners as (
        select learner_id, acquisition_channel
        from {{ ref("dim_learners") }}
        where {{ is_of_this_build }}
    ),

    {# Milliseconds as integers: a sum of floats would depend on the order of the rows. #}
    learner_activities as (
        select
            learner_id,
            activity_id,
            named_course_id,
            min(occurred_at) as first_at,
            max(occurred_at) as last_at,
            count() as event_count,
            sum({{ milliseconds("active_seconds") }}) as active_milliseconds,
            minIfOrNull(occurred_at, is_completing) as completed_at
        from events
        group by learner_id, activity_id, named_course_id
    ),

    {# Which of several courses it was cannot be known where the learner is in more than one: it counts in none. #}
    unnamed_courses as (
        {{
            courses_of_unnamed(
                "learner_activities", "course_activities", "enrolments"
            )
        }}
    ),

    courses_of_activities as (
        select
            learner_activities.* except (named_course_id),
            if(
                learner_activities.named_course_id != '',
                learner_activities.named_course_id,
                unnamed_courses.found_course_id
            ) as course_id
        from learner_activities
        left join
            unnamed_courses
            on learner_activities.learner_id = unnamed_courses.learner_id
            and learner_activities.activity_id = unnamed_courses.activity_id
    ),

    {# What happens on an activity happens in its module too and, on a question, in the assessment. #}
    placed_activities as (
        select
            courses.learner_id as learner_id,
            courses.activity_id as activity_id,
            courses.course_id as course_id,
            courses.first_at as first_at,
            courses.last_at as last_at,
            courses.event_count as event_count,
            courses.active_milliseconds as active_milliseconds,
            courses.completed_at as completed_at,
            arrayJoin(
                arrayDistinct(
                    [
                        courses.activity_id,
                        course_activities.module_id,
                        if(
                            course_activities.activity_type = 'question',
                            course_activities.parent_activity_id,
                            ''
                        )
                    ]
                )
            ) as unit_id
        from courses_of_activities as courses
        inner join
            course_activities
            on courses.course_id = course_activities.course_id
            and courses.activity_id = course_activities.activity_id
    ),

    reached_units as (
        select
            learner_id,
            course_id,
            unit_id,
            min(first_at) as reached_at,
            max(last_at) as last_active_at,
            sum(event_count) as unit_event_count,
            sum(active_milliseconds) as unit_milliseconds,
            minIf(completed_at, activity_id = unit_id) as reported_completed_at
        from placed_activities
        where (course_id, unit_id) in (select course_id, unit_id from units)
        group by learner_id, course_id, unit_id
    ),

    with_first as (
        select
            reached_units.*,
            {% if is_touched_build() %}
                if(
                    recorded_firsts.is_recorded = 1,
                    recorded_firsts.recorded_reached_at,
                    {{ first_of_units }}
                )
            {% else %} {{ first_of_units }}
            {% endif %} as first_reached_at
        from reached_units
        {% if is_touched_build() %}
            left join
                recorded_firsts
                on reached_units.learner_id = recorded_firsts.learner_id
                and reached_units.course_id = recorded_firsts.course_id
        {% endif %}
    ),

    {# The first of all units counts for each, so that the untouched ones are left out here and no earlier. #}
    counted_units as (
        select *
        from with_first
        {% if is_touched_build() %} where {{ is_touched_unit() }} {% endif %}
    ),

    {#
        A video is completed by what was watched of it, not by what its player says: once watched, in every course in
        which the learner comes to it.
    #}
    watched_units as (
        select
            counted_units.learner_id as learner_id,
            counted_units.unit_id as unit_id,
            units.unit_kind as unit_kind,
            units.activity_type as activity_type,
            units.course_id as course_id,
            ifNull(units.module_id, '') as module_id,
            units.expected_seconds as expected_seconds,
            counted_units.reached_at as reached_at,
            counted_units.last_active_at as last_active_at,
            counted_units.unit_event_count as event_count,
            counted_units.unit_milliseconds as active_milliseconds,
            ifNull(video_views.coverage_ratio, 0) as coverage_ratio,
            multiIf(
                units.activity_type = 'video'
                and ifNull(video_views.is_completed, false),
                greatest(
                    ifNull(video_views.last_watched_at, counted_units.last_active_at),
                    counted_units.reached_at
                ),
                units.activity_type = 'video',
                null,
                counted_units.reported_completed_at
            ) as completed_at,
            counted_units.first_reached_at as first_reached_at
        from counted_units
        inner join
            units
            on counted_units.course_id = units.course_id
            and counted_units.unit_id = units.unit_id
        left join
            video_views
            on counted_units.unit_id = video_views.video_id
            and counted_units.learner_id = video_views.learner_id
    ),

    answers as (
        {{ answers_by_module("attempts", "unnamed_courses", "course_activities") }}
    ),

    assessed_units as (
        select
            watched_units.learner_id as learner_id,
            watched_units.unit_id as unit_id,
            watched_units.unit_kind as unit_kind,
            watched_units.activity_type as activity_type,
            watched_units.course_id as course_id,
            watched_units.first_reached_at as first_reached_at,
            watched_units.reached_at as reached_at,
            watched_units.last_active_at as last_active_at,
            watched_units.event_count as event_count,
            watched_units.active_milliseconds as active_milliseconds,
            watched_units.completed_at as completed_at,
            watched_units.active_milliseconds >= {{ 1000 * var("engaged_min_seconds") }}
            or watched_units.coverage_ratio >= {{ var("engaged_min_ratio") }}
            or ifNull(
                watched_units.active_milliseconds
                >= {{ 1000 * var("engaged_min_ratio") }}
                * nullIf(watched_units.expected_seconds, 0),
                false
            )
            or isNotNull(watched_units.completed_at) as is_engaged,
            {{ assessing_answers("watched_units", "answers.answered") }} as assessing
        from watched_units
        left join
            answers
            on watched_units.learner_id = answers.learner_id
            and watched_units.course_id = answers.course_id
            and watched_units.module_id = answers.module_id
    ),

    eligible_units as (
        select
            assessed_units.learner_id as learner_id,
            assessed_units.unit_id as unit_id,
            assessed_units.unit_kind as unit_kind,
            assessed_units.activity_type as activity_type,
            assessed_units.course_id as course_id,
            assessed_units.reached_at as reached_at,
            assessed_units.last_active_at as last_active_at,
            assessed_units.event_count as event_count,
            assessed_units.active_milliseconds as active_milliseconds,
            assessed_units.is_engaged as is_engaged,
            assessed_units.completed_at as completed_at,
            assessed_units.assessing as assessing,
            {{ eligible_at("assessed_units.first_reached_at") }} as eligible_at,
            {{ eligible_channel() }} as acquisition_channel
        from assessed_units
        left join
            enrolments
            on assessed_units.learner_id = enrolments.learner_id
            and assessed_units.course_id = enrolments.course_id
        left join learners on assessed_units.learner_id = learners.learner_id
    ),

    final as (
        select
            learner_id,
            unit_id,
            unit_kind,
            activity_type,
            course_id,
            toStartOfMonth(eligible_at) as cohort_month,
            acquisition_channel,
            eligible_at,
            reached_at,
            last_active_at,
            event_count,
            {{ seconds("active_milliseconds") }} as active_seconds,
            is_engaged,
            isNotNull(completed_at) as is_completed,
            completed_at,
            notEmpty(assessing) as is_assessed,
            arraySum(assessing.is_judged) as first_attempt_count,
            arraySum(assessing.is_right) as first_attempt_correct_count
        from eligible_units
    )

select
    learner_id,
    unit_id,
    toLowCardinality(unit_kind) as unit_kind,
    toLowCardinality(activity_type) as activity_type,
    course_id,
    cohort_month,
    toLowCardinality(acquisition_channel) as acquisition_channel,
    eligible_at,
    reached_at,
    last_active_at,
    event_count,
    active_seconds,
    toBool(is_engaged) as is_engaged,
    toBool(is_completed) as is_completed,
    completed_at,
    toBool(is_assessed) as is_assessed,
    toUInt64(first_attempt_count) as first_attempt_count,
    toUInt64(first_attempt_correct_count) as first_attempt_correct_count,
    {{ ratio("first_attempt_correct_count", "first_attempt_count") }}
    as first_attempt_ratio
from final
