{{
    config(
        order_by=["item_id", "unit_id"],
        tags=["nightly"],
    )
}}

with
    items as (
        select item_id, problem_id, assessment_id, course_id, module_id
        from {{ ref("dim_items") }}
    ),

    {# What instructs: an assessment asks, and a module is no more than its parts. #}
    units as (
        select unit_id, course_id, ifNull(module_id, '') as module_id, position
        from {{ ref("dim_units") }}
        where unit_kind = 'activity' and activity_type != 'assessment'
    ),

    positions as (
        select activity_id, activity_type, position from {{ ref("dim_activities") }}
    ),

    learners as (
        select learner_id from {{ ref("dim_learners") }} where not is_excluded
    ),

    first_attempts as (
        select item_id, preceding_activity_id
        from {{ ref("fct_attempts") }}
        where
            is_first_attempt
            and preceding_activity_id != ''
            and learner_id in (select learner_id from learners)
    ),

    catalogue as (
        select activity_id, arrayJoin(taught_by_activity_ids) as unit_id
        from {{ ref("int_catalog_items__current") }}
    ),

    {# The catalogue's own word, of the item or of the problem that it is a part of. #}
    stated as (
        select items.item_id as item_id, catalogue.unit_id as unit_id
        from items
        inner join catalogue on items.item_id = catalogue.activity_id
        union distinct
        select items.item_id as item_id, catalogue.unit_id as unit_id
        from items
        inner join catalogue on items.problem_id = catalogue.activity_id
    ),

    {#
        The place of an item is that of its assessment; what holds questions without being an assessment (a video, a
        page) may teach them itself. Positions may be counted through the course or restart in each module, so the module
        goes first; what is in no module has its own position there.
    #}
    placed_items as (
        select
            items.item_id as item_id,
            items.course_id as course_id,
            items.module_id as module_id,
            if(
                containers.activity_type = 'assessment', '', containers.activity_id
            ) as container_id,
            if(
                items.assessment_id != '', containers.position, problems.position
            ) as place,
            ifNull(modules.position, place) as module_place
        from items
        left join
            positions as containers on items.assessment_id = containers.activity_id
        left join positions as problems on items.problem_id = problems.activity_id
        left join positions as modules on items.module_id = modules.activity_id
    ),

    placed_units as (
        select
            units.* except (position),
            units.position as place,
            ifNull(modules.position, units.position) as module_place
        from units
        left join positions as modules on units.module_id = modules.activity_id
    ),

    published as (
        select
            placed_items.item_id as item_id,
            placed_units.unit_id as unit_id,
            placed_items.module_id != ''
            and placed_items.module_id = placed_units.module_id as is_in_module,
            placed_units.module_place as unit_module_place,
            placed_units.place as unit_place
        from placed_items
        inner join placed_units on placed_items.course_id = placed_units.course_id
        where
            placed_items.course_id != ''
            and isNotNull(placed_items.place)
            and isNotNull(placed_units.place)
            and (
                placed_units.unit_id = placed_items.container_id
                or (
                    assumeNotNull(placed_units.module_place),
                    assumeNotNull(placed_units.place)
                ) < (
                    assumeNotNull(placed_items.module_place),
                    assumeNotNull(placed_items.place)
                )
            )
    ),

    {# The item's own module where it has anything before the item, else the modules before. #}
    nearest_published as (
        select
            item_id,
            unit_id,
            row_number() over (
                partition by item_id
                order by unit_module_place desc, unit_place desc, unit_id
                rows between unbounded preceding and current row
            ) as distance
        from
            (
                select
                    *, max(is_in_module) over (partition by item_id) as has_own_module
                from published
            )
        where is_in_module = has_own_module
    ),

    {# Without a published order: what most examinees studied last before their first attempt. #}
    studied as (
        select
            first_attempts.item_id as problem_id,
            first_attempts.preceding_activity_id as unit_id,
            count() as learner_count
        from first_attempts
        where first_attempts.preceding_activity_id in (select unit_id from units)
        group by problem_id, unit_id
        order by problem_id, learner_count desc, unit_id
        limit 1 by problem_id
    ),

    candidates as (
        select item_id, unit_id, 1 as precedence, 1 as distance
        from stated
        where unit_id in (select unit_id from units)
        union all
        select item_id, unit_id, 2 as precedence, distance
        from nearest_published
        where distance <= {{ var("preceding_units_max") }}
        union all
        select items.item_id, studied.unit_id, 3 as precedence, 1 as distance
        from items
        inner join studied on items.problem_id = studied.problem_id
    ),

    final as (
        select *, min(precedence) over (partition by item_id) as best_precedence
        from candidates
    )

select
    item_id,
    unit_id,
    toLowCardinality(
        transform(
            precedence,
            [1, 2, 3],
            ['taught_by', 'published_order', 'studied_before'],
            ''
        )
    ) as basis,
    toUInt64(distance) as distance
from final
where precedence = best_precedence
