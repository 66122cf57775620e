{#
    From when on, and through which channel, a learner could reach a course's units. Both look at `enrolments` (with
    `is_enrolled`) and at `learners`. Someone who learns before the enrolment is recorded was eligible from the first
    event on.
#}
{% macro eligible_at(first_reached_at) -%}
    if(
        enrolments.is_enrolled
        and ifNull(enrolments.enrolled_at < {{ first_reached_at }}, false),
        assumeNotNull(enrolments.enrolled_at),
        {{ first_reached_at }}
    )
{%- endmacro %}

{% macro eligible_channel() -%}
    coalesce(
        if(
            enrolments.is_enrolled,
            nullIf(enrolments.acquisition_channel, ''),
            nullIf(learners.acquisition_channel, '')
        ),
        'unknown'
    )
{%- endmacro %}

{#
    Learners of `fct_unit_progress` as it is of whom the enrolment decides otherwise by now: a list of learners may come
    or change without a statement of theirs.
#}
{% macro learners_of_outdated_progress(progress) -%}
    (
        select distinct progress.learner_id as learner_id
        from
            (
                select
                    learner_id,
                    course_id,
                    min(reached_at) as first_reached_at,
                    max(eligible_at) as eligible_from,
                    max(acquisition_channel) as channel
                from {{ progress }}
                group by learner_id, course_id
            ) as progress
        left join
            (
                select
                    learner_id,
                    course_id,
                    enrolled_at,
                    acquisition_channel,
                    true as is_enrolled
                from {{ ref("fct_enrolments") }}
            ) as enrolments
            on progress.learner_id = enrolments.learner_id
            and progress.course_id = enrolments.course_id
        left join
            (
                select learner_id, acquisition_channel from {{ ref("dim_learners") }}
            ) as learners
            on progress.learner_id = learners.learner_id
        where
            progress.eligible_from != {{ eligible_at("progress.first_reached_at") }}
            or progress.channel != {{ eligible_channel() }}
    )
{%- endmacro %}

{#
    Query of the learners of whom events on shared content name no course: which of its courses they are in decides
    where these events count, and a list of learners may change that without a statement of theirs. Every run counts
    their progress again; where events name their course, it has no rows.
#}
{% macro learners_placed_by_enrolment() -%}
    (
        select distinct learner_id
        from {{ ref("fct_learning_events") }}
        where
            learner_id in (
                select learner_id
                from {{ ref("int_learner_courses") }}
                where
                    course_id = ''
                    and (
                        select count() > uniqExact(activity_id)
                        from {{ ref("dim_course_activities") }}
                    )
            )
            and course_id = ''
            and activity_id in (
                select activity_id
                from {{ ref("dim_course_activities") }}
                group by activity_id
                having count() > 1
            )
    )
{%- endmacro %}
