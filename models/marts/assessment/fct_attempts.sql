{{
    config(
        materialized="touched",
        replaces="{{ compact_key(['learner_id', 'item_id']) }} in "
        ~ "(select activity_key from {{ ref('int_touched_activities') }}) or statement_id in (select statement_id from {{ touched_aside(this, 'new') }})",
        sampled_by="learner_id",
        codecs={
            "statement_id": "ZSTD(1)",
            "answer_statement_id": "ZSTD(1)",
            "session_id": "ZSTD(1)",
            "learner_id": "ZSTD(1)",
        },
        partition_by="toYYYYMM(answered_at)",
        order_by=["item_id", "learner_id", "attempt_number"],
        tags=["near_real_time"],
    )
}}

{#
    1. Reports that answer or grade, and what the learner studied in the course before each of them.
    2. Many systems report one attempt several times: an answer and its grade, `passed` and `completed` with a score. A
       report opens a stretch when it cannot belong to the attempt before.
    3. Within a stretch a kind of report that comes again is the next attempt.
    4. Reports of one attempt become a row, and the attempts of an item are numbered.
#}
{%- set touched_activities = ref("int_touched_activities") %}
{%- set learner_courses = ref("int_learner_courses") %}
{%- set is_of_this_build %}
    {% if is_touched_build() %}
        learner_id in (select learner_id from {{ touched_activities }})
        and {{ is_in_time_of(touched_activities, learner_courses) }}
    {% else %} {{ is_in_batch("learner_id") }}
    {% endif %}
{% endset %}
{%- set is_touched_item %}
    {% if is_touched_build() %}
        {{ compact_key(["learner_id", "activity_id"]) }}
        in (select activity_key from {{ touched_activities }})
    {% else %} true
    {% endif %}
{% endset %}

with
    statements as (
        select
            statement_id,
            learner_id,
            verb,
            activity_id,
            parent_activity_id,
            course_id,
            occurred_at,
            notEmpty(selected_options) as has_options,
            {{ is_right("is_correct", "verb") }} as is_right,
            score_scaled,
            duration_seconds,
            attempt_number_reported,
            activity_type,
            {{ is_attempt() }} as is_attempt,
            is_attempt and {{ is_touched_item }} as is_recounted,
            if(
                activity_type in ('question', 'assessment', 'course', 'module'),
                '',
                activity_id
            ) as studied_id
        from {{ ref("int_statements__deduplicated") }}
        where {{ is_of_this_build }} and (is_attempt or studied_id != '')
    ),

    {# By learner and course in the order of time. One look at the statements: reading them is most of the work. #}
    histories as (
        select
            learner_id,
            course_id,
            arraySort(
                groupArrayIf(
                    (occurred_at, statement_id, studied_id, is_recounted),
                    is_recounted or studied_id != ''
                )
            ) as events,
            arraySort(
                groupArrayIf(
                    (
                        occurred_at,
                        statement_id,
                        verb,
                        activity_id,
                        parent_activity_id,
                        has_options,
                        is_right,
                        score_scaled,
                        duration_seconds,
                        attempt_number_reported,
                        activity_type
                    ),
                    is_recounted
                )
            ) as reports,
            groupUniqArrayIf(
                parent_activity_id,
                is_attempt and activity_type = 'question' and parent_activity_id != ''
            ) as parents_of_answers
        from statements
        group by learner_id, course_id
        having notEmpty(reports)
    ),

    {# The activity studied before, questions and their containers aside: the last one is carried on over them. #}
    placed_reports as (
        select
            learner_id,
            course_id,
            report.occurred_at as occurred_at,
            report.statement_id as statement_id,
            report.verb as verb,
            report.activity_id as item_id,
            report.parent_activity_id as parent_activity_id,
            report.has_options as has_options,
            report.is_right as is_correct,
            report.score_scaled as score_scaled,
            report.duration_seconds as duration_seconds,
            report.attempt_number_reported as attempt_number_reported,
            report.activity_type as activity_type,
            has(parents_of_answers, report.activity_id) as is_total,
            preceding_activity_id
        from histories
        array join
            reports as report,
            arrayFilter(
                (studied_before, event) -> event.is_recounted,
                arrayPushFront(
                    arrayPopBack(
                        arrayFill(studied -> studied != '', events.studied_id)
                    ),
                    ''
                ),
                events
            ) as preceding_activity_id
    ),

    {# It cannot belong to the attempt before when that was judged and is long ago, or the two contradict each other. #}
    with_previous as (
        select
            *,
            if(verb in ('passed', 'failed'), 'verdict', toString(verb)) as report_kind,
            row_number() over of_item as report_number,
            lagInFrame(toNullable(occurred_at)) over of_item as previous_at,
            lagInFrame(is_correct) over of_item as was_correct,
            lagInFrame(score_scaled) over of_item as previous_score,
            lagInFrame(attempt_number_reported) over of_item as previous_number,
            isNull(previous_at)
            or (
                (isNotNull(was_correct) or isNotNull(previous_score))
                and occurred_at
                > previous_at + interval {{ var("attempt_reports_minutes") }} minute
            )
            or ifNull(was_correct != is_correct, false)
            or ifNull(abs(previous_score - score_scaled) > 0.01, false)
            or ifNull(previous_number != attempt_number_reported, false) as is_new
        from placed_reports
        window
            of_item as (
                partition by learner_id, item_id
                order by occurred_at, statement_id
                rows between unbounded preceding and unbounded following
            )
    ),

    with_stretches as (
        select
            *,
            countIf(is_new) over (
                partition by learner_id, item_id
                order by occurred_at, statement_id
                rows between unbounded preceding and current row
            ) as stretch
        from with_previous
    ),

    {# The how-manieth of its kind in the stretch. #}
    with_repeats as (
        select
            *,
            row_number() over (
                partition by learner_id, item_id, stretch, report_kind
                order by occurred_at, statement_id
            ) as kind_count
        from with_stretches
    ),

    {# Which attempt of the stretch: a report of another kind belongs to the newest one. #}
    with_places as (
        select
            *,
            max(kind_count) over (
                partition by learner_id, item_id, stretch
                order by occurred_at, statement_id
                rows between unbounded preceding and current row
            ) as place
        from with_repeats
    ),

    {#
        The first report is the attempt; what it does not say is taken from the others. Their order is a number: as a
        pair of time and id it took most of the time.
    #}
    attempts as (
        select
            learner_id,
            item_id,
            stretch,
            place,
            min(occurred_at) as answered_at,
            argMin(statement_id, report_number) as first_statement_id,
            argMinIf(course_id, report_number, course_id != '') as course_id,
            argMinIf(
                parent_activity_id, report_number, parent_activity_id != ''
            ) as assessment_id,
            argMin(activity_type, report_number) as item_type,
            argMin(preceding_activity_id, report_number) as preceding_activity_id,
            argMinIf(statement_id, report_number, has_options) as answer_statement_id,
            argMax(is_correct, report_number) as is_correct,
            argMax(score_scaled, report_number) as score_scaled,
            argMin(duration_seconds, report_number) as response_seconds,
            argMin(attempt_number_reported, report_number) as attempt_number_reported,
            max(is_total) as is_total
        from with_places
        group by learner_id, item_id, stretch, place
    ),

    numbered as (
        select
            * except (stretch, place, first_statement_id),
            first_statement_id as statement_id,
            row_number() over (
                partition by learner_id, item_id order by stretch, place
            ) as attempt_number
        from attempts
    ),

    item_times as (select item_id, median_seconds from {{ ref("int_item_times") }}),

    {# The gap before is an upper estimate where the player reports no duration. #}
    sessionized as (
        select statement_id, session_id, gap_before_ms
        from {{ ref("int_statements__sessionized") }}
        where
            {{ is_of_this_build }}
            and verb in (select verb from {{ ref("verb_roles") }})
            and {{ is_touched_item }}
    ),

    activities as (
        select activity_id as item_id, module_id from {{ ref("dim_activities") }}
    ),

    final as (
        select
            *,
            if(
                gap_before_ms is null,
                null,
                {{
                    seconds(
                        "least(assumeNotNull(gap_before_ms), 1000 * "
                        ~ var("active_cap_problem_seconds")
                        ~ ")"
                    )
                }}
            ) as response_seconds_estimated,
            {{ is_rapid_guess("response_seconds", "median_seconds") }} as is_rapid_guess
        from numbered
        left join item_times using (item_id)
        left join sessionized using (statement_id)
        left join activities using (item_id)
    )

{# Few items have many attempts each: compared and grouped as numbers, one course's items take 60 ms instead of 140. #}
select
    statement_id,
    learner_id,
    toLowCardinality(item_id) as item_id,
    toLowCardinality(item_type) as item_type,
    assessment_id,
    course_id,
    module_id,
    session_id,
    attempt_number,
    toBool(attempt_number = 1) as is_first_attempt,
    attempt_number_reported,
    answered_at,
    is_correct,
    score_scaled,
    answer_statement_id,
    response_seconds,
    response_seconds_estimated,
    is_rapid_guess,
    preceding_activity_id,
    toBool(is_total) as is_total
from final
{% if is_touched_build() %}
    {# In the table's order of columns. #}
    union all
    select
        statement_id,
        learner_id,
        item_id,
        item_type,
        assessment_id,
        course_id,
        module_id_now,
        session_id,
        attempt_number,
        is_first_attempt,
        attempt_number_reported,
        answered_at,
        is_correct,
        score_scaled,
        answer_statement_id,
        response_seconds,
        response_seconds_estimated,
        is_rapid_guess_now,
        preceding_activity_id,
        is_total
    from ({{ outdated_attempts(touched_activities) }})
{% endif %}
