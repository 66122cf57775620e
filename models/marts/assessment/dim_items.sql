{{
    config(
        order_by=["item_id"],
        tags=["nightly"],
    )
}}

with
    activities as (
        select
            activity_id,
            activity_type,
            course_id,
            module_id,
            parent_activity_id,
            title,
            position
        from {{ ref("dim_activities") }}
    ),

    {# The grade of what has questions is made of them: it is no item beside them. #}
    answered_items as (
        select distinct item_id
        from {{ ref("fct_attempts") }}
        where
            item_id not in (
                select parent_activity_id
                from activities
                where activity_type = 'question'
            )
    ),

    items as (
        select *
        from activities
        where
            activity_type = 'question'
            or activity_id in (select item_id from answered_items)
    ),

    {# A question whose parent is a question is one input of it: a part. #}
    placed_items as (
        select
            items.activity_id as item_id,
            items.title as title,
            items.position as position,
            items.course_id as own_course_id,
            items.module_id as own_module_id,
            parents.activity_type = 'question'
            and parents.activity_id != items.activity_id as is_part,
            if(is_part, parents.activity_id, items.activity_id) as problem_id,
            if(
                is_part, parents.parent_activity_id, items.parent_activity_id
            ) as container_id,
            if(is_part, parents.course_id, '') as problem_course_id,
            if(is_part, parents.module_id, '') as problem_module_id,
            if(is_part, parents.position, items.position) as problem_position
        from items
        left join
            activities as parents on items.parent_activity_id = parents.activity_id
    ),

    {# What holds questions and is neither a module nor a course: an assessment, a video with questions in it, a page. #}
    contained_items as (
        select
            placed_items.* except (
                own_course_id,
                own_module_id,
                container_id,
                problem_course_id,
                problem_module_id
            ),
            if(
                containers.activity_type in ('course', 'module', 'question', ''),
                '',
                containers.activity_id
            ) as assessment_id,
            coalesce(
                nullIf(placed_items.own_course_id, ''),
                nullIf(placed_items.problem_course_id, ''),
                containers.course_id
            ) as course_id,
            coalesce(
                nullIf(placed_items.own_module_id, ''),
                nullIf(placed_items.problem_module_id, ''),
                containers.module_id
            ) as module_id
        from placed_items
        left join
            activities as containers
            on placed_items.container_id = containers.activity_id
    ),

    {# An assessment of one problem has no rest to compare it with; there, and without one, the course's problems do. #}
    counted_items as (
        select
            *,
            uniqExactIf(problem_id, assessment_id != '') over (
                partition by assessment_id
            ) as assessment_problem_count,
            uniqExactIf(problem_id, course_id != '') over (
                partition by course_id
            ) as course_problem_count,
            countIf(is_part) over (partition by problem_id) as part_count
        from contained_items
    ),

    final as (
        select
            *,
            multiIf(
                assessment_problem_count > 1,
                'assessment',
                course_problem_count > 1,
                'course',
                'none'
            ) as rest_scope
        from counted_items
    )

select
    item_id,
    toLowCardinality(if(is_part, 'part', 'problem')) as item_kind,
    problem_id,
    assessment_id,
    course_id,
    module_id,
    title,
    position,
    problem_position,
    part_count,
    toLowCardinality(rest_scope) as rest_scope,
    multiIf(
        rest_scope = 'assessment', assessment_id, rest_scope = 'course', course_id, ''
    ) as rest_scope_id,
    multiIf(
        rest_scope = 'assessment',
        assessment_problem_count,
        rest_scope = 'course',
        course_problem_count,
        0
    ) as rest_scope_problem_count
from final
