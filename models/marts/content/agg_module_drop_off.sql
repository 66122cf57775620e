{{
    config(
        order_by=["course_id", "unit_kind", "unit_rank"],
        tags=["nightly"],
    )
}}

with
    watermark as (
        select complete_through_at
        from {{ ref("agg_data_watermark") }}
        where source = 'all'
    ),

    learners as (
        select learner_id from {{ ref("dim_learners") }} where not is_excluded
    ),

    {#
        The syllabus and the reading list beside the modules are no steps on the way: who does not open them after the
        last module has not dropped out.
    #}
    units as (
        select
            unit_id,
            unit_kind,
            course_id,
            title,
            position,
            module_id = '' as is_outside,
            min(is_outside) over (partition by course_id) = 0 as has_modules,
            count(position) over (partition by course_id, unit_kind) > 0 as is_published
        from {{ ref("dim_units") }}
    ),

    progress as (
        select learner_id, course_id, unit_id, reached_at, last_active_at
        from {{ ref("fct_unit_progress") }}
        where learner_id in (select learner_id from learners)
    ),

    course_completions as (
        select learner_id, course_id, 1 as has_completed
        from {{ ref("fct_course_endings") }}
        where isNotNull(completion_stated_at)
    ),

    {#
        Where no order was published, the one in which learners come to the units stands in for it: by the median
        time from their first unit to this one. Whole milliseconds, and a value that occurs: no order of rows matters.
    #}
    arrivals as (
        select
            progress.course_id as course_id,
            progress.unit_id as unit_id,
            dateDiff(
                'millisecond',
                min(progress.reached_at) over (
                    partition by progress.learner_id, units.course_id, units.unit_kind
                ),
                progress.reached_at
            ) as delay_ms
        from progress
        inner join
            units
            on progress.course_id = units.course_id
            and progress.unit_id = units.unit_id
        where not units.is_published and not (units.is_outside and units.has_modules)
    ),

    usual_delays as (
        select course_id, unit_id, quantileExactLow(0.5)(delay_ms) as delay_ms
        from arrivals
        group by course_id, unit_id
    ),

    placed_units as (
        select
            units.unit_id as unit_id,
            units.unit_kind as unit_kind,
            units.course_id as course_id,
            units.title as title,
            units.is_published as is_published,
            multiIf(
                units.is_published,
                toInt64(units.position),
                usual_delays.unit_id != '',
                toNullable(usual_delays.delay_ms),
                null
            ) as place
        from units
        left join
            usual_delays
            on units.course_id = usual_delays.course_id
            and units.unit_id = usual_delays.unit_id
        where not (units.is_outside and units.has_modules)
    ),

    ranked_units as (
        select
            unit_id,
            unit_kind,
            course_id,
            title,
            is_published,
            toUInt64(
                assumeNotNull({{ published_rank(position="place") }})
            ) as unit_rank,
            count() over (partition by course_id, unit_kind) as unit_count
        from placed_units
        where isNotNull(place)
    ),

    {#
        The learner's way through the units in their order. Quiet since: the last sign of the learner in this unit
        or one before it, so that three weeks of work in one module are no absence.
    #}
    steps as (
        select
            progress.learner_id as learner_id,
            ranked_units.course_id as course_id,
            ranked_units.unit_kind as unit_kind,
            ranked_units.unit_rank as unit_rank,
            ranked_units.unit_count as unit_count,
            max(progress.last_active_at) over (
                partition by learner_id, course_id, unit_kind
                order by unit_rank
                rows between unbounded preceding and current row
            ) as quiet_since_at,
            leadInFrame(progress.reached_at) over way as next_reached_at,
            leadInFrame(toUInt8(1)) over way = 0 as is_furthest
        from progress
        inner join
            ranked_units
            on progress.course_id = ranked_units.course_id
            and progress.unit_id = ranked_units.unit_id
        window
            way as (
                partition by learner_id, course_id, unit_kind
                order by unit_rank
                rows between unbounded preceding and unbounded following
            )
    ),

    judged_steps as (
        select
            steps.learner_id as learner_id,
            steps.course_id as course_id,
            steps.unit_kind as unit_kind,
            steps.unit_rank as unit_rank,
            steps.is_furthest as is_furthest,
            steps.unit_rank = steps.unit_count
            or ifNull(course_completions.has_completed, 0) = 1 as is_finished,
            addDays(
                steps.quiet_since_at, {{ var("unit_return_horizon_days") }}
            ) as horizon_at,
            not is_furthest
            and ifNull(course_completions.has_completed, 0) = 0
            and steps.next_reached_at > horizon_at as is_late_return
        from steps
        left join course_completions using (learner_id, course_id)
    ),

    {# The first way through ends once: before the first return that came too late, else at the furthest unit. #}
    ends as (
        select
            judged_steps.learner_id as learner_id,
            judged_steps.course_id as course_id,
            judged_steps.unit_kind as unit_kind,
            min(
                CAST(
                    (
                        judged_steps.unit_rank,
                        multiIf(
                            judged_steps.is_late_return,
                            'dropped',
                            judged_steps.is_finished,
                            'finished',
                            judged_steps.horizon_at <= watermark.complete_through_at,
                            'dropped',
                            'open'
                        )
                    ),
                    'Tuple(unit_rank UInt64, kind String)'
                )
            ) as end_of_way,
            end_of_way.unit_rank as end_rank,
            end_of_way.kind as end_kind
        from judged_steps
        cross join watermark
        where judged_steps.is_late_return or judged_steps.is_furthest
        group by learner_id, course_id, unit_kind
    ),

    end_counts as (
        select
            course_id,
            unit_kind,
            end_rank,
            count() as end_count,
            countIf(end_kind = 'dropped') as dropped_count,
            countIf(end_kind = 'open') as censored_count
        from ends
        group by course_id, unit_kind, end_rank
    ),

    {# Units behind the end of the first way, and units that were passed over, are not at risk. #}
    reached_counts as (
        select
            judged_steps.course_id as course_id,
            judged_steps.unit_kind as unit_kind,
            judged_steps.unit_rank as unit_rank,
            count() as reached_count,
            countIf(judged_steps.unit_rank <= ends.end_rank) as at_risk_count
        from judged_steps
        inner join ends using (learner_id, course_id, unit_kind)
        group by course_id, unit_kind, unit_rank
    ),

    counted as (
        select
            ranked_units.course_id as course_id,
            ranked_units.unit_kind as unit_kind,
            ranked_units.unit_rank as unit_rank,
            ranked_units.unit_id as unit_id,
            ranked_units.title as title,
            ranked_units.is_published as is_published,
            ranked_units.unit_rank = ranked_units.unit_count as is_last_unit,
            reached_counts.reached_count as reached_count,
            reached_counts.at_risk_count as at_risk_count,
            end_counts.dropped_count as dropped_count,
            end_counts.censored_count as censored_count,
            end_counts.end_count as end_count
        from ranked_units
        left join reached_counts using (course_id, unit_kind, unit_rank)
        left join
            end_counts
            on ranked_units.course_id = end_counts.course_id
            and ranked_units.unit_kind = end_counts.unit_kind
            and ranked_units.unit_rank = end_counts.end_rank
    ),

    with_totals as (
        select
            *,
            sum(end_count) over whole_course as started_count,
            sum(end_count) over from_here - at_risk_count as skipped_count,
            sum(censored_count) over whole_course > 0 as is_provisional,
            sum(censored_count) over so_far - censored_count as open_before_count
        from counted
        window
            whole_course as (partition by course_id, unit_kind),
            so_far as (
                partition by course_id, unit_kind
                order by unit_rank
                rows between unbounded preceding and current row
            ),
            from_here as (
                partition by course_id, unit_kind
                order by unit_rank
                rows between current row and unbounded following
            )
    ),

    {# Who is still inside the horizon may have left for good, or may go on through all later units. #}
    with_curves as (
        select
            *,
            {{ running_survival("dropped_count", "at_risk_count", "so_far") }}
            as survival_or_null,
            {{
                running_survival(
                    "dropped_count + censored_count", "at_risk_count", "so_far"
                )
            }} as survival_if_open_left,
            {{
                running_survival(
                    "dropped_count", "(at_risk_count + open_before_count)", "so_far"
                )
            }} as survival_if_open_stayed,
            sum({{ greenwood_term("dropped_count", "at_risk_count") }}) over so_far
            as greenwood_sum,
            {{
                survival_reason(
                    "censored_count", "at_risk_count", "started_count", "so_far"
                )
            }} as survival_reason
        from with_totals
        window
            so_far as (
                partition by course_id, unit_kind
                order by unit_rank
                rows between unbounded preceding and current row
            )
    ),

    {# After the last unit nothing later can be reached, so that no learner can be said to drop there. #}
    final as (
        select
            *,
            dropped_count + censored_count as exit_count,
            {{ is_suppressed("started_count") }} as is_suppressed,
            if(is_last_unit, 0, started_count) as exit_base,
            if(
                is_last_unit,
                'last_unit',
                {{ drop_off_reason("censored_count", "at_risk_count") }}
            ) as hazard_reason,
            if(hazard_reason = '', at_risk_count, 0) as hazard_base,
            if(is_last_unit, 'last_unit', survival_reason) as drop_off_reason,
            if(drop_off_reason = '', started_count, 0) as drop_off_base
        from with_curves
    )

select
    course_id,
    toLowCardinality(unit_kind) as unit_kind,
    unit_rank,
    unit_id,
    title,
    toLowCardinality(if(is_published, 'published', 'observed')) as order_basis,
    toUInt64(started_count) as started_count,
    reached_count,
    at_risk_count,
    toUInt64(skipped_count) as skipped_count,
    dropped_count,
    censored_count,
    exit_count,
    {{ suppressed(ratio("exit_count", "exit_base"), "exit_base") }} as exit_ratio,
    toBool(is_provisional) as is_provisional,
    {{ ratio_with_interval("hazard", "dropped_count", "hazard_base") }},
    toLowCardinality(hazard_reason) as hazard_reason,
    if(survival_reason = '', survival_or_null, null) as survival,
    {# Both kinds of doubt in one interval: Greenwood's, and the bounds for those whose exit is not known yet. #}
    if(
        survival_reason = '',
        {{ greenwood_low("survival_if_open_left", "greenwood_sum") }},
        null
    ) as survival_low,
    if(
        survival_reason = '',
        {{ greenwood_high("survival_if_open_stayed", "greenwood_sum") }},
        null
    ) as survival_high,
    toLowCardinality(survival_reason) as survival_reason,
    {{ ratio_with_interval("drop_off_ratio", "dropped_count", "drop_off_base") }},
    toLowCardinality(drop_off_reason) as drop_off_reason,
    toBool(is_last_unit) as is_last_unit,
    toBool(is_suppressed) as is_suppressed
from final
