{{
    config(
        order_by=["course_id", "activity_id"],
        tags=["near_real_time"],
    )
}}

{#
    Which activities belong to which courses. A course has
      1. what the catalogue lists in it, and what statements that name the course are about;
      2. of the questions that neither says anything of, those whose assessment (or problem) it has;
      3. the assessments of its questions and the modules of its activities.
    What the catalogue or a statement says of an activity in one course counts there before what is said of it elsewhere.
#}
with
    activities as (
        select
            activity_id,
            activity_type,
            module_id,
            parent_activity_id,
            title,
            position,
            expected_seconds,
            length_seconds,
            toUInt32(word_count) as word_count,
            is_in_catalogue
        from {{ ref("dim_activities") }}
    ),

    listed as (
        select
            course_id,
            activity_id,
            module_id,
            parent_activity_id,
            title,
            position,
            expected_seconds,
            word_count,
            1 as is_listed
        from {{ ref("int_catalog_items__by_course") }}
        where course_id != ''
    ),

    reports as (
        select course_id, activity_id, parent_activity_id, report_count, first_at
        from {{ ref("int_activity_days") }}
        where course_id != '' and activity_id != ''
    ),

    reported as (
        select course_id, activity_id, min(first_at) as first_seen_at, 1 as is_reported
        from reports
        group by course_id, activity_id
    ),

    {# The parent that most statements of the course name, ties by name. #}
    reported_parents as (
        select
            course_id,
            activity_id,
            parent_activity_id,
            sum(report_count) as parent_report_count
        from reports
        where parent_activity_id != ''
        group by course_id, activity_id, parent_activity_id
        order by course_id, activity_id, parent_report_count desc, parent_activity_id
        limit 1 by course_id, activity_id
    ),

    stated_pairs as (
        select course_id, activity_id
        from listed
        union distinct
        select course_id, activity_id
        from reported
    ),

    unplaced_questions as (
        select activity_id, parent_activity_id
        from activities
        where
            activity_type = 'question'
            and parent_activity_id != ''
            and activity_id not in (select activity_id from stated_pairs)
    ),

    {# A part of a problem may know its problem only: its courses are those of what holds the problem. #}
    question_holders as (
        select activity_id, parent_activity_id as holder_id
        from unplaced_questions
        union distinct
        select
            unplaced_questions.activity_id as activity_id,
            problems.parent_activity_id as holder_id
        from unplaced_questions
        inner join
            unplaced_questions as problems
            on unplaced_questions.parent_activity_id = problems.activity_id
    ),

    pairs_of_activities as (
        select course_id, activity_id
        from stated_pairs
        union distinct
        select
            stated_pairs.course_id as course_id,
            question_holders.activity_id as activity_id
        from question_holders
        inner join stated_pairs on question_holders.holder_id = stated_pairs.activity_id
    ),

    pairs_with_assessments as (
        select course_id, activity_id
        from pairs_of_activities
        union distinct
        select
            pairs_of_activities.course_id as course_id,
            questions.parent_activity_id as activity_id
        from pairs_of_activities
        inner join activities as questions using (activity_id)
        inner join
            activities as assessments
            on questions.parent_activity_id = assessments.activity_id
        where
            questions.activity_type = 'question'
            and assessments.activity_type = 'assessment'
    ),

    listed_activities as (select activity_id as listed_id from listed),

    {#
        Without a word about this course an activity lies where it lies otherwise. But a place in the order of one course
        is none in another.
    #}
    placed_pairs as (
        select
            pairs.course_id as course_id,
            pairs.activity_id as activity_id,
            ifNull(listed.is_listed, 0) = 1 as is_listed,
            coalesce(
                nullIf(listed.parent_activity_id, ''),
                nullIf(reported_parents.parent_activity_id, ''),
                activities.parent_activity_id
            ) as parent_activity_id,
            multiIf(
                ifNull(listed.module_id, '') != '',
                ifNull(listed.module_id, ''),
                activities.activity_type = 'module',
                pairs.activity_id,
                ifNull(parents.activity_type, '') = 'module',
                ifNull(reported_parents.parent_activity_id, ''),
                activities.module_id
            ) as module_id,
            activities.activity_type as activity_type,
            coalesce(nullIf(listed.title, ''), activities.title) as title,
            multiIf(
                is_listed,
                listed.position,
                is_listed_elsewhere,
                null,
                activities.position
            ) as position,
            if(
                is_listed, listed.expected_seconds, activities.expected_seconds
            ) as expected_seconds,
            activities.length_seconds as length_seconds,
            if(is_listed, listed.word_count, activities.word_count) as word_count,
            activities.is_in_catalogue as is_in_catalogue,
            not is_listed
            and pairs.activity_id
            in (select listed_id from listed_activities) as is_listed_elsewhere,
            if(
                ifNull(reported.is_reported, 0) = 1,
                toNullable(reported.first_seen_at),
                null
            ) as first_seen_at
        from pairs_with_assessments as pairs
        inner join activities using (activity_id)
        left join listed using (course_id, activity_id)
        left join reported using (course_id, activity_id)
        left join reported_parents using (course_id, activity_id)
        left join
            activities as parents
            on reported_parents.parent_activity_id = parents.activity_id
    ),

    {# Modules that nothing but their contents place in the course. #}
    modules_of_contents as (
        select distinct
            course_id,
            module_id,
            module_id
            in (select listed_id from listed_activities) as is_listed_elsewhere
        from placed_pairs
        where
            module_id
            in (select activity_id from activities where activity_type = 'module')
            and (course_id, module_id)
            not in (select course_id, activity_id from pairs_with_assessments)
    ),

    final as (
        select
            course_id,
            activity_id,
            activity_type,
            module_id,
            parent_activity_id,
            title,
            position,
            expected_seconds,
            length_seconds,
            word_count,
            is_in_catalogue,
            is_in_catalogue and not is_listed_elsewhere as is_in_course_catalogue,
            first_seen_at
        from placed_pairs
        union all
        select
            modules_of_contents.course_id as course_id,
            activities.activity_id as activity_id,
            activities.activity_type as activity_type,
            activities.activity_id as module_id,
            activities.parent_activity_id as parent_activity_id,
            activities.title as title,
            if(
                modules_of_contents.is_listed_elsewhere, null, activities.position
            ) as position,
            activities.expected_seconds as expected_seconds,
            activities.length_seconds as length_seconds,
            activities.word_count as word_count,
            activities.is_in_catalogue as is_in_catalogue,
            activities.is_in_catalogue
            and not modules_of_contents.is_listed_elsewhere as is_in_course_catalogue,
            null as first_seen_at
        from modules_of_contents
        inner join activities on modules_of_contents.module_id = activities.activity_id
    )

select *
from final
