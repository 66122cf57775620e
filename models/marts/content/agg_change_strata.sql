{{
    config(
        order_by=[
            "course_id",
            "change_id",
            "measure",
            "is_after",
            "cohort_month",
            "acquisition_channel",
        ],
        tags=["nightly"],
    )
}}

{#
    1. Every learner of a changed course unit, or of a changed question, with when the content was first met.
    2. What can be judged of each, by measure, as a whole number of ten-thousandths: sums that no order changes.
    3. The side by the first meeting, if there was time to do what is measured; summed by stratum.
#}
{%- set follow_up = "addDays(met_at, " ~ var("content_change_follow_up_days") ~ ")" %}
{# Of a learner, by measure: whether it can be judged, the outcome, and from when on it is known. #}
{%- set judged -%}
    Tuple(measure String, is_judged Bool, outcome Int64, known_at DateTime64(3, 'UTC'))
{%- endset %}
{%- set is_in_spot -%}
    (exit_seconds > spot_start_seconds and exit_seconds <= spot_end_seconds)
{%- endset %}

with
    watermark as (
        select complete_through_at
        from {{ ref("agg_data_watermark") }}
        where source = 'all'
    ),

    learners as (
        select learner_id from {{ ref("dim_learners") }} where not is_excluded
    ),

    changes as (
        select
            changes.change_id as change_id,
            changes.course_id as course_id,
            changes.activity_id as activity_id,
            changes.activity_type as activity_type,
            changes.changed_at as changed_at,
            changes.before_since_at as before_since_at,
            changes.after_until_at as after_until_at,
            toFloat64(spots.spot_start_seconds) as spot_start_seconds,
            toFloat64(spots.spot_end_seconds) as spot_end_seconds
        from {{ ref("fct_content_changes") }} as changes
        left join {{ ref("agg_change_spots") }} as spots using (change_id)
    ),

    unit_reports as (
        select course_id, unit_id, is_completion_reported
        from {{ ref("dim_unit_reports") }}
    ),

    unit_times as (
        select course_id, unit_id, expected_seconds
        from {{ ref("agg_unit_times") }}
        where period = 'all'
    ),

    progress as (
        select
            learner_id,
            course_id,
            unit_id,
            activity_type,
            cohort_month,
            acquisition_channel,
            reached_at,
            toFloat64(active_seconds) as active_seconds,
            is_engaged,
            is_completed,
            completed_at,
            first_attempt_count,
            first_attempt_correct_count
        from {{ ref("fct_unit_progress") }}
        where
            learner_id in (select learner_id from learners)
            and course_id in (select course_id from changes)
    ),

    strata as (
        select distinct learner_id, course_id, cohort_month, acquisition_channel
        from progress
    ),

    views as (
        select
            learner_id as viewer_id,
            video_id,
            exit_kind,
            toFloat64(first_pass_exit_seconds) as exit_seconds,
            first_pass_left_at
        from {{ ref("fct_video_views") }}
        where video_id in (select activity_id from changes)
    ),

    first_passes as (
        select
            learner_id,
            video_id,
            toFloat64(start_seconds) as start_seconds,
            toFloat64(end_seconds) as end_seconds
        from {{ ref("fct_watch_intervals") }}
        where is_first_pass and video_id in (select activity_id from changes)
    ),

    {# Whose first pass played any of the place. #}
    in_spot as (
        select distinct
            changes.change_id as played_change_id, first_passes.learner_id as player_id
        from first_passes
        inner join changes on first_passes.video_id = changes.activity_id
        where
            first_passes.start_seconds < changes.spot_end_seconds
            and first_passes.end_seconds > changes.spot_start_seconds
    ),

    first_answers as (
        select learner_id, item_id, course_id, answered_at, is_correct
        from {{ ref("fct_first_answers") }}
        where item_id in (select activity_id from changes) and isNotNull(is_correct)
    ),

    reached_units as (
        select
            changes.change_id as change_id,
            changes.course_id as course_id,
            changes.activity_id as activity_id,
            changes.changed_at as changed_at,
            changes.before_since_at as before_since_at,
            changes.after_until_at as after_until_at,
            changes.spot_start_seconds as spot_start_seconds,
            changes.spot_end_seconds as spot_end_seconds,
            progress.learner_id as learner_id,
            progress.cohort_month as cohort_month,
            progress.acquisition_channel as acquisition_channel,
            progress.reached_at as met_at,
            progress.activity_type as activity_type,
            progress.active_seconds as active_seconds,
            progress.is_engaged as is_engaged,
            progress.is_completed as is_completed,
            progress.completed_at as completed_at,
            progress.first_attempt_count as first_attempt_count,
            progress.first_attempt_correct_count as first_attempt_correct_count,
            unit_reports.is_completion_reported as is_reported,
            unit_times.expected_seconds as expected_seconds
        from progress
        inner join
            changes
            on progress.course_id = changes.course_id
            and progress.unit_id = changes.activity_id
        left join
            unit_reports
            on progress.course_id = unit_reports.course_id
            and progress.unit_id = unit_reports.unit_id
        left join
            unit_times
            on progress.course_id = unit_times.course_id
            and progress.unit_id = unit_times.unit_id
    ),

    {# A video's completed_at is when it was watched last; that its end was reached in time is told by the first pass. #}
    met_units as (
        select
            reached_units.*,
            views.exit_kind as exit_kind,
            views.exit_seconds as exit_seconds,
            views.first_pass_left_at as left_at,
            in_spot.played_change_id != '' as has_played_spot,
            ifNull(
                is_completed
                and if(activity_type = 'video', left_at, completed_at)
                <= {{ follow_up }},
                false
            ) as is_completed_in_time
        from reached_units
        left join
            views
            on reached_units.activity_id = views.video_id
            and reached_units.learner_id = views.viewer_id
        left join
            in_spot
            on reached_units.change_id = in_spot.played_change_id
            and reached_units.learner_id = in_spot.player_id
    ),

    judged_units as (
        select
            change_id,
            course_id,
            learner_id,
            cohort_month,
            acquisition_channel,
            changed_at,
            before_since_at,
            after_until_at,
            met_at,
            arrayJoin(
                [
                    (
                        'hot_spot_hazard',
                        has_played_spot
                        and not (exit_kind in ('open', 'unknown') and {{ is_in_spot }})
                        and (met_at >= changed_at or left_at < changed_at),
                        toInt64(10000 * (exit_kind = 'dropped' and {{ is_in_spot }})),
                        addDays(met_at, {{ var("return_horizon_days") }})
                    ),
                    (
                        'completion',
                        is_reported,
                        toInt64(10000 * is_completed_in_time),
                        {{ follow_up }}
                    ),
                    (
                        'time_against_expected',
                        active_seconds > 0
                        and ifNull(expected_seconds, 0) > 0
                        and if(is_reported, is_completed_in_time, is_engaged),
                        toInt64(
                            round(
                                10000 * log(
                                    greatest(active_seconds, 0.001)
                                    / greatest(ifNull(expected_seconds, 0), 0.001)
                                )
                            )
                        ),
                        {{ follow_up }}
                    ),
                    (
                        'item_difficulty',
                        first_attempt_count > 0,
                        toInt64(
                            round(
                                10000
                                * first_attempt_correct_count
                                / greatest(first_attempt_count, 1)
                            )
                        ),
                        met_at
                    )
                ]::Array({{ judged }})
            ) as judged
        from met_units
    ),

    judged_answers as (
        select
            changes.change_id as change_id,
            changes.course_id as course_id,
            first_answers.learner_id as learner_id,
            strata.cohort_month as cohort_month,
            strata.acquisition_channel as acquisition_channel,
            changes.changed_at as changed_at,
            changes.before_since_at as before_since_at,
            changes.after_until_at as after_until_at,
            first_answers.answered_at as met_at,
            (
                'item_difficulty',
                true,
                toInt64(10000 * assumeNotNull(first_answers.is_correct)),
                met_at
            )::{{ judged }} as judged
        from first_answers
        inner join
            changes
            on first_answers.item_id = changes.activity_id
            and first_answers.course_id = changes.course_id
        inner join
            strata
            on first_answers.learner_id = strata.learner_id
            and first_answers.course_id = strata.course_id
        where changes.activity_type = 'question'
    ),

    sides as (
        select
            change_id,
            course_id,
            judged.measure as measure,
            met_at >= changed_at as is_after,
            cohort_month,
            acquisition_channel,
            judged.outcome as outcome
        from
            (
                select *
                from judged_units
                union all
                select *
                from judged_answers
            ) as learners_judged
        cross join watermark
        where
            judged.is_judged
            and met_at >= before_since_at
            and met_at < after_until_at
            and judged.known_at <= watermark.complete_through_at
    )

select
    change_id,
    course_id,
    toLowCardinality(measure) as measure,
    toBool(is_after) as is_after,
    cohort_month,
    acquisition_channel,
    count() as learner_count,
    sum(outcome) as outcome_sum,
    sum(outcome * outcome) as outcome_square_sum
from sides
group by change_id, course_id, measure, is_after, cohort_month, acquisition_channel
