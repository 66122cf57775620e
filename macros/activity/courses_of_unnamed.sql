{#
    Query of the courses in which events count that name none: the only course of their activity, else the only one of
    its courses that the learner is in. Its rows: learner_id, activity_id, found_course_id. `events` has learner_id,
    activity_id and named_course_id, `course_activities` course_id and activity_id, `enrolments` learner_id and course_id.
#}
{% macro courses_of_unnamed(events, course_activities, enrolments) -%}
    select
        learner_id,
        activity_id,
        if(
            count() = 1, min(course_id), minIf(course_id, is_learners)
        ) as found_course_id
    from
        (
            select
                unnamed.learner_id as learner_id,
                unnamed.activity_id as activity_id,
                {{ course_activities }}.course_id as course_id,
                (unnamed.learner_id, {{ course_activities }}.course_id)
                in (select learner_id, course_id from {{ enrolments }}) as is_learners
            from
                (
                    select distinct learner_id, activity_id
                    from {{ events }}
                    where named_course_id = ''
                ) as unnamed
            inner join
                {{ course_activities }}
                on unnamed.activity_id = {{ course_activities }}.activity_id
        )
    group by learner_id, activity_id
    having count() = 1 or countIf(is_learners) = 1
{%- endmacro %}
