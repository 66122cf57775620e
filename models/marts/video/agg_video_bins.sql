{{ config(order_by=["video_id", "bin_number"], tags=["nightly"]) }}

{#
    Nothing is exploded into learner × bin rows: every interval is a step up at its first bin and a step down behind
    its last, and the counts of a bin are the running sums of the steps.
#}
with
    learners as (
        select learner_id from {{ ref("dim_learners") }} where not is_excluded
    ),

    views as (
        select
            learner_id,
            video_id,
            length_seconds,
            furthest_seconds,
            {{ milliseconds("first_pass_exit_seconds_high") }} as exit_high_ms,
            exit_kind
        from {{ ref("fct_video_views") }}
        where learner_id in (select learner_id from learners)
    ),

    lengths as (
        select
            video_id,
            count() as started_count,
            {{ milliseconds("ifNull(max(length_seconds), max(furthest_seconds))") }}
            as length_ms
        from views
        group by video_id
    ),

    videos as (
        select
            video_id,
            started_count,
            length_ms,
            {% if var("drop_off_bin_seconds") > 0 -%}
                toInt64({{ 1000 * var("drop_off_bin_seconds") }}) as width_ms,
            {%- else -%}
                1000 * greatest(
                    1, intDiv(length_ms - 1, {{ 1000 * var("drop_off_bins_max") }}) + 1
                ) as width_ms,
            {%- endif %}
            greatest(1, intDiv(length_ms + width_ms - 1, width_ms)) as bin_count
        from lengths
    ),

    intervals as (
        select
            learner_id,
            video_id,
            is_first_pass,
            {{ milliseconds("start_seconds") }} as start_ms,
            {{ milliseconds("end_seconds") }} as end_ms
        from {{ ref("fct_watch_intervals") }}
        where learner_id in (select learner_id from learners)
    ),

    ranges as (
        select
            intervals.learner_id as learner_id,
            intervals.video_id as video_id,
            intervals.is_first_pass as is_first_pass,
            videos.width_ms as width_ms,
            videos.bin_count as bin_count,
            {{ video_bin("start_ms") }} as first_bin,
            {# An interval without length still says that its bin was on the screen. #}
            {{ video_bin("greatest(end_ms - 1, start_ms)") }} + 1 as end_bin,
            {# A view covers a bin when it covers its middle: pausing and resuming inside a bin is one view. #}
            intDiv((bin_count - 1) * width_ms + length_ms, 2) as last_middle_ms,
            {{ video_bin_by_middle("start_ms") }} as first_middle,
            {{ video_bin_by_middle("end_ms") }} as end_middle
        from intervals
        inner join videos using (video_id)
    ),

    {# The part of a range that no earlier range of the learner has covered counts the learner once. #}
    fresh as (
        select
            *,
            greatest(first_bin, max(end_bin) over earlier) as fresh_bin,
            greatest(
                first_bin, maxIf(end_bin, is_first_pass) over earlier
            ) as fresh_first_pass_bin,
            greatest(first_middle, max(end_middle) over earlier) as fresh_middle
        from ranges
        window
            earlier as (
                partition by video_id, learner_id
                order by first_bin, first_middle, end_bin, end_middle, is_first_pass
                rows between unbounded preceding and 1 preceding
            )
    ),

    last_bins as (
        select
            learner_id,
            video_id,
            max(end_bin) - 1 as last_bin,
            max(width_ms) as width_ms,
            max(bin_count) as bin_count
        from ranges
        where is_first_pass
        group by learner_id, video_id
    ),

    exits as (
        select
            last_bins.video_id as video_id,
            last_bins.last_bin as last_bin,
            views.exit_kind as exit_kind,
            if(
                views.exit_kind = 'open',
                bin_count - 1,
                {{ video_bin("greatest(views.exit_high_ms - 1, 0)") }}
            ) as possible_bin
        from last_bins
        inner join views using (learner_id, video_id)
    ),

    exits_by_bin as (
        select
            video_id,
            last_bin as bin_number,
            countIf(exit_kind = 'dropped') as dropped_count,
            countIf(exit_kind = 'unknown') as unknown_exit_count,
            countIf(exit_kind = 'open') as open_exit_count
        from exits
        group by video_id, last_bin
    ),

    {#
        From which bin on, and up to which, a range counts as what. Whose exit is known by bounds only may have watched
        on from behind the last sure bin to the upper bound; whose horizon is open may still come back, and to the end.
    #}
    spans as (
        select video_id, counted_as, from_bin, to_bin
        from fresh
        array join
            ['viewer', 'at_risk', 'view', 'middle_viewer'] as counted_as,
            [
                fresh_bin,
                if(is_first_pass, fresh_first_pass_bin, end_bin),
                first_middle,
                fresh_middle
            ] as from_bin,
            [end_bin, end_bin, end_middle, end_middle] as to_bin
        union all
        select
            video_id,
            'possible' as counted_as,
            last_bin + 1 as from_bin,
            possible_bin + 1 as to_bin
        from exits
        where exit_kind in ('unknown', 'open')
    ),

    steps as (
        select video_id, counted_as, bin_number, step
        from spans
        array join [from_bin, to_bin] as bin_number, [1, -1] as step
        where from_bin < to_bin
    ),

    steps_by_bin as (
        select
            video_id,
            bin_number,
            sumIf(step, counted_as = 'viewer') as viewer_step,
            sumIf(step, counted_as = 'at_risk') as at_risk_step,
            sumIf(step, counted_as = 'view') as view_step,
            sumIf(step, counted_as = 'middle_viewer') as middle_viewer_step,
            sumIf(step, counted_as = 'possible') as possible_step
        from steps
        group by video_id, bin_number
    ),

    seek_ends as (
        select
            activity_id as video_id,
            assumeNotNull({{ plausible_position_ms("end_seconds") }}) as position_ms,
            is_away
        from {{ ref("fct_learning_events") }}
        array join
            [position_from_seconds, position_to_seconds] as end_seconds,
            [true, false] as is_away
        where
            verb = 'seeked'
            and learner_id in (select learner_id from learners)
            and {{ plausible_position_ms("end_seconds") }} is not null
    ),

    seeks_by_bin as (
        select
            videos.video_id as video_id,
            {{ video_bin("seek_ends.position_ms") }} as bin_number,
            countIf(is_away) as seek_away_count,
            countIf(not is_away) as seek_into_count
        from seek_ends
        inner join videos on seek_ends.video_id = videos.video_id
        group by video_id, bin_number
    ),

    bins as (
        select
            video_id,
            toInt64(arrayJoin(range(toUInt64(bin_count)))) as bin_number,
            started_count,
            length_ms,
            width_ms
        from videos
    ),

    final as (
        select
            bins.video_id as video_id,
            toUInt64(bins.bin_number) as bin_number,
            bins.started_count as started_count,
            bins.bin_number * bins.width_ms as start_ms,
            {{ seconds("start_ms") }} as bin_start_seconds,
            greatest(
                least((bins.bin_number + 1) * bins.width_ms, bins.length_ms),
                start_ms + 1
            ) as end_ms,
            {{ seconds("end_ms") }} as bin_end_seconds,
            {{ seconds("bins.length_ms") }} as length_seconds,
            toUInt64(sum(steps_by_bin.viewer_step) over so_far) as viewer_count,
            toUInt64(sum(steps_by_bin.at_risk_step) over so_far) as at_risk_count,
            toUInt64(sum(steps_by_bin.view_step) over so_far) as view_count,
            toUInt64(
                view_count - sum(steps_by_bin.middle_viewer_step) over so_far
            ) as rewatch_count,
            toUInt64(sum(steps_by_bin.possible_step) over so_far) as possible_count,
            exits_by_bin.dropped_count as dropped_count,
            exits_by_bin.unknown_exit_count as unknown_exit_count,
            exits_by_bin.open_exit_count as open_exit_count,
            seeks_by_bin.seek_away_count as seek_away_count,
            seeks_by_bin.seek_into_count as seek_into_count
        from bins
        left join steps_by_bin using (video_id, bin_number)
        left join exits_by_bin using (video_id, bin_number)
        left join seeks_by_bin using (video_id, bin_number)
        window
            so_far as (
                partition by bins.video_id
                order by bins.bin_number
                rows between unbounded preceding and current row
            )
    )

select * except (start_ms, end_ms)
from final
