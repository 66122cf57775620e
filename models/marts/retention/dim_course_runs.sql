{{ config(order_by=["course_id"]) }}

{#
    When a course is over, from its weeks. A week is busy when at least var `course_end_ratio` of the learners of the
    best week were active in it. Over is a course whose last busy week lies far enough behind the watermark, farther
    than any pause that it came back from; one that was small or short-lived never is. A single learner who comes by
    later, in a few weeks at most, is a straggler and keeps no course open.
#}
with
    watermark as (
        select complete_through_at from {{ ref("int_watermarks") }} where source = 'all'
    ),

    learners as (
        select learner_id from {{ ref("dim_learners") }} where not is_excluded
    ),

    events as (
        select
            assumeNotNull(course_id) as known_course_id,
            learner_id,
            source,
            occurred_at,
            verb_group != 'administration' and verb != 'waived' as is_own_doing,
            activity_id = known_course_id and {{ is_completion() }} as is_statement
        from {{ ref("fct_learning_events") }}
        where ifNull(course_id, '') != ''
    ),

    catalogue_ends as (
        select activity_id, ends_at
        from {{ ref("int_catalog_items__current") }}
        where isNotNull(ends_at)
    ),

    listed as (
        select activity_id from {{ ref("dim_activities") }} where is_in_catalogue
    ),

    {# Courses in which units are known to be completed that a course is completed by; see fct_course_endings. #}
    courses_with_modules as (
        select course_id
        from {{ ref("dim_units") }}
        where unit_kind = 'module' and unit_id in (select activity_id from listed)
    ),

    courses_with_unit_reports as (
        select distinct course_id
        from {{ ref("fct_unit_progress") }}
        where
            is_completed
            and unit_id in (select activity_id from listed)
            and (
                unit_kind = 'module'
                or course_id not in (select course_id from courses_with_modules)
            )
    ),

    {# A source that states completions of some course would state them of this one. #}
    courses_with_statements as (
        select known_course_id, max(is_of_stating_source) as is_stated
        from
            (
                select
                    known_course_id,
                    max(max(is_statement)) over (
                        partition by source
                    ) as is_of_stating_source
                from events
                group by known_course_id, source
            )
        group by known_course_id
    ),

    learner_weeks as (
        select known_course_id, learner_id, toMonday(occurred_at) as week
        from events
        where is_own_doing and learner_id in (select learner_id from learners)
        group by known_course_id, learner_id, week
    ),

    weeks as (
        select
            known_course_id,
            week,
            count() as learner_count,
            min(learner_id) as one_learner
        from learner_weeks
        group by known_course_id, week
    ),

    {# A later week than the last of several learners has one: of one and the same learner, a few are stragglers'. #}
    busy_weeks as (
        select
            known_course_id,
            max(learner_count) as peak_learner_count,
            arraySort(groupArray((week, learner_count, one_learner))) as all_weeks,
            arrayFilter(
                seen -> seen.learner_count
                >= {{ var("course_end_ratio") }} * peak_learner_count,
                all_weeks
            ) as busy,
            arrayFilter(seen -> seen.learner_count > 1, busy) as shared,
            if(empty(shared), toDate(0), shared.week[-1]) as last_shared_week,
            arrayFilter(seen -> seen.week > last_shared_week, busy) as later_weeks,
            if(
                notEmpty(shared)
                and length(later_weeks) < {{ var("course_end_min_weeks") }}
                and arrayUniq(later_weeks.one_learner) <= 1,
                shared,
                busy
            ) as kept_weeks
        from weeks
        group by known_course_id
    ),

    measured as (
        select
            known_course_id,
            peak_learner_count,
            length(kept_weeks) as busy_week_count,
            kept_weeks.week[-1] as last_busy_week,
            toDateTime64(addWeeks(last_busy_week, 1), 3, 'UTC') as quiet_since,
            {# Of weeks that follow each other the distance is one. #}
            arrayMax(
                arrayMap(
                    (week, before) -> intDiv(dateDiff('day', before, week), 7) - 1,
                    kept_weeks.week,
                    arrayPushFront(
                        arrayPopBack(kept_weeks.week), addWeeks(kept_weeks.week[1], -1)
                    )
                )
            ) as longest_pause_weeks,
            intDiv(
                dateDiff(
                    'day',
                    addWeeks(last_busy_week, 1),
                    toMonday(watermark.complete_through_at)
                ),
                7
            ) as quiet_weeks,
            watermark.complete_through_at as complete_through_at
        from busy_weeks
        cross join watermark
    ),

    courses as (select distinct known_course_id as course_id from events),

    final as (
        select
            courses.course_id as course_id,
            measured.peak_learner_count as peak_learner_count,
            if(
                measured.busy_week_count = 0, null, toNullable(measured.last_busy_week)
            ) as last_busy_week,
            multiIf(
                isNotNull(catalogue_ends.ends_at),
                'catalogue',
                measured.peak_learner_count >= {{ var("minimum_group_size") }}
                and measured.busy_week_count >= {{ var("course_end_min_weeks") }}
                and measured.quiet_weeks >= {{ var("course_end_quiet_weeks") }}
                and measured.quiet_weeks > measured.longest_pause_weeks,
                'inferred',
                ''
            ) as known_basis,
            if(
                known_basis = 'catalogue',
                catalogue_ends.ends_at,
                if(known_basis = 'inferred', toNullable(measured.quiet_since), null)
            ) as known_end,
            ifNull(known_end <= watermark.complete_through_at, false) as is_over,
            multiIf(
                courses_with_statements.is_stated,
                'statement',
                courses.course_id in (select course_id from courses_with_unit_reports),
                'units',
                ''
            ) as completion_report
        from courses
        cross join watermark
        left join measured on courses.course_id = measured.known_course_id
        left join catalogue_ends on courses.course_id = catalogue_ends.activity_id
        left join
            courses_with_statements
            on courses.course_id = courses_with_statements.known_course_id
    )

select
    CAST(course_id, 'String') as course_id,
    peak_learner_count,
    last_busy_week,
    if(is_over, known_end, null) as ended_at,
    toLowCardinality(if(is_over, known_basis, '')) as end_basis,
    toLowCardinality(completion_report) as completion_report
from final
