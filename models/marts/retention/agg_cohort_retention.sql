{{
    config(
        order_by=[
            "cohort_basis",
            "course_id",
            "acquisition_channel",
            "definition",
            "cohort_week",
            "age_weeks",
        ],
    )
}}

with
    watermark as (
        select complete_through_at
        from {{ ref("agg_data_watermark") }}
        where source = 'all'
    ),

    course_runs as (
        select course_id, ended_at
        from {{ ref("dim_course_runs") }}
        where isNotNull(ended_at)
    ),

    events as (
        select learner_id, ifNull(course_id, '') as event_course_id, occurred_at
        from {{ ref("fct_learning_events") }}
    ),

    {# 'all' holds every event of a learner, also those that belong to no course. #}
    learner_weeks as (
        select
            learner_id,
            arrayJoin(
                if(event_course_id = '', ['all'], ['all', event_course_id])
            ) as scope,
            groupUniqArray(toMonday(occurred_at)) as active_weeks
        from events
        group by learner_id, scope
    ),

    members as (
        select
            toString(membership.cohort_basis) as cohort_basis,
            learner_id,
            course_id,
            toString(membership.acquisition_channel) as learner_channel,
            cohort_week
        from {{ ref("fct_cohort_members") }} as membership
        where not is_excluded
    ),

    {# Activity in weeks before that of the enrolment has a negative age and is not retention. #}
    member_ages as (
        select
            members.cohort_basis as cohort_basis,
            members.course_id as course_id,
            members.learner_channel as learner_channel,
            members.cohort_week as cohort_week,
            arrayFilter(
                age -> age >= 0,
                arrayMap(
                    week -> intDiv(dateDiff('day', members.cohort_week, week), 7),
                    learner_weeks.active_weeks
                )
            ) as active_ages
        from members
        left join
            learner_weeks
            on members.learner_id = learner_weeks.learner_id
            and members.course_id = learner_weeks.scope
    ),

    cohorts as (
        select
            cohort_basis,
            course_id,
            arrayJoin(['all', learner_channel]) as acquisition_channel,
            cohort_week,
            count() as cohort_size
        from member_ages
        group by cohort_basis, course_id, acquisition_channel, cohort_week
    ),

    {# Active in or after week k is the same as: the last active week is k or later. #}
    active_cells as (
        select
            cohort_basis,
            course_id,
            learner_channel,
            cohort_week,
            definition,
            toInt64(age) as age_weeks,
            count() as channel_active_count
        from member_ages
        array join
            ['bounded', 'unbounded'] as definition,
            [
                active_ages, range(if(empty(active_ages), 0, arrayMax(active_ages) + 1))
            ] as ages
        array join ages as age
        group by
            cohort_basis, course_id, learner_channel, cohort_week, definition, age_weeks
    ),

    active_cells_with_all as (
        select
            cohort_basis,
            course_id,
            arrayJoin(['all', learner_channel]) as acquisition_channel,
            cohort_week,
            definition,
            age_weeks,
            sum(channel_active_count) as active_count
        from active_cells
        group by
            cohort_basis,
            course_id,
            acquisition_channel,
            cohort_week,
            definition,
            age_weeks
    ),

    {# Every week that has started at the watermark; the last one is nearly always incomplete, hence censored. #}
    cells as (
        select
            cohorts.cohort_basis as cohort_basis,
            cohorts.course_id as course_id,
            cohorts.acquisition_channel as acquisition_channel,
            cohorts.cohort_week as cohort_week,
            cohorts.cohort_size as cohort_size,
            toInt64(
                arrayJoin(
                    range(
                        toUInt64(
                            greatest(
                                0,
                                intDiv(
                                    dateDiff(
                                        'day',
                                        cohorts.cohort_week,
                                        toMonday(watermark.complete_through_at)
                                    ),
                                    7
                                )
                                + 1
                            )
                        )
                    )
                )
            ) as age_weeks,
            arrayJoin(['bounded', 'unbounded']) as definition,
            watermark.complete_through_at as complete_through_at
        from cohorts
        cross join watermark
    ),

    measured as (
        select
            cells.cohort_basis as cohort_basis,
            cells.cohort_week as cohort_week,
            cells.course_id as course_id,
            cells.acquisition_channel as acquisition_channel,
            cells.age_weeks as age_weeks,
            cells.definition as definition,
            cells.cohort_size as cohort_size,
            addWeeks(cells.cohort_week, cells.age_weeks + 1) as next_week,
            ifNull(
                toDateTime64(next_week, 3, 'UTC') > course_runs.ended_at, false
            ) as is_after_end,
            is_after_end
            or toDateTime64(next_week, 3, 'UTC')
            > cells.complete_through_at as is_censored,
            {{ is_suppressed("cells.cohort_size") }} as is_suppressed,
            intDiv(
                dateDiff('day', next_week, toMonday(cells.complete_through_at)), 7
            ) as weeks_since,
            ifNull(active_cells_with_all.active_count, 0) as counted
        from cells
        left join
            active_cells_with_all using (
                cohort_basis,
                course_id,
                acquisition_channel,
                cohort_week,
                definition,
                age_weeks
            )
        left join course_runs using (course_id)
    ),

    shown as (
        select
            cohort_basis,
            cohort_week,
            course_id,
            acquisition_channel,
            age_weeks,
            definition,
            cohort_size,
            is_after_end,
            is_censored,
            is_suppressed,
            if(is_censored, 0, cohort_size) as eligible_count,
            if(is_censored or is_suppressed, null, counted) as active_count,
            greatest(0, weeks_since) as follow_up_weeks
        from measured
    ),

    final as (
        select
            toLowCardinality(cohort_basis) as cohort_basis,
            cohort_week,
            course_id,
            toLowCardinality(acquisition_channel) as acquisition_channel,
            toUInt32(age_weeks) as age_weeks,
            toLowCardinality(definition) as definition,
            toUInt64(cohort_size) as cohort_size,
            toUInt64(eligible_count) as eligible_count,
            toUInt64(active_count) as active_count,
            {{ ratio("active_count", "eligible_count") }} as retention_ratio,
            {{ wilson_low("active_count", "eligible_count") }} as retention_ratio_low,
            {{ wilson_high("active_count", "eligible_count") }} as retention_ratio_high,
            toBool(is_censored) as is_censored,
            toBool(is_suppressed) as is_suppressed,
            toBool(
                definition = 'unbounded'
                and not is_censored
                and follow_up_weeks < {{ var("retention_follow_up_weeks") }}
            ) as is_provisional,
            toUInt32(follow_up_weeks) as follow_up_weeks,
            toLowCardinality(
                multiIf(
                    is_suppressed,
                    'suppressed',
                    is_after_end,
                    'course_ended',
                    is_censored,
                    'censored',
                    ''
                )
            ) as retention_reason
        from shown
    )

select *
from final
