-- One row per question that has a flag, or an answer option that misleads.
with
    options as (
        select
            item_id,
            groupArray(option_id) as option_ids,
            groupArray(toString(option_flag)) as option_flags
        from (
            select item_id, option_id, option_flag
            from marts.agg_item_options
            where option_flag in ('key_misleads', 'attracts_the_strong')
            order by item_id, chosen_count desc, option_id
        )
        group by item_id
    )

select
    items.title as title,
    courses.title as course_title,
    items.examinee_count as examinee_count,
    items.judged_count as judged_count,
    items.difficulty_ratio as difficulty_ratio,
    items.difficulty_ratio_low as difficulty_ratio_low,
    items.difficulty_ratio_high as difficulty_ratio_high,
    items.discrimination as discrimination,
    items.discrimination_low as discrimination_low,
    items.discrimination_high as discrimination_high,
    items.discrimination_reason as discrimination_reason,
    items.is_too_easy as is_too_easy,
    items.is_too_hard as is_too_hard,
    items.is_weakly_discriminating as is_weakly_discriminating,
    items.is_negatively_discriminating as is_negatively_discriminating,
    items.is_speeded as is_speeded,
    options.option_ids as option_ids,
    options.option_flags as option_flags
from marts.agg_item_analysis as items
left join options on options.item_id = items.item_id
left join marts.dim_courses as courses on courses.course_id = items.course_id
where
    ({course:String} = 'all' or items.course_id = {course:String})
    and (
        items.is_too_easy
        or items.is_too_hard
        or items.is_weakly_discriminating
        or items.is_negatively_discriminating
        or items.is_speeded
        or notEmpty(options.option_ids)
    )
order by
    items.is_negatively_discriminating desc,
    notEmpty(options.option_ids) desc,
    items.is_too_hard desc,
    items.is_speeded desc,
    items.is_weakly_discriminating desc,
    items.judged_count desc,
    title
