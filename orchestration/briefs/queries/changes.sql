-- One row per change of content, course and measure that can be compared, the latest changes first.
select
    changes.change_id as change_id,
    changes.title as title,
    courses.title as course_title,
    changes.change_kind as change_kind,
    changes.note as note,
    toDate(changes.changed_at) as changed_date,
    changes.measure as measure,
    changes.spot_start_seconds as spot_start_seconds,
    changes.spot_end_seconds as spot_end_seconds,
    changes.before_count as before_count,
    changes.after_count as after_count,
    changes.before_value as before_value,
    changes.before_value_low as before_value_low,
    changes.before_value_high as before_value_high,
    changes.after_value as after_value,
    changes.after_value_low as after_value_low,
    changes.after_value_high as after_value_high,
    changes.difference as difference,
    changes.difference_low as difference_low,
    changes.difference_high as difference_high,
    changes.standardised_over as standardised_over,
    changes.verdict as verdict,
    changes.verdict_reason as verdict_reason
from marts.agg_content_changes as changes
left join marts.dim_courses as courses on courses.course_id = changes.course_id
where
    ({course:String} = 'all' or changes.course_id = {course:String})
    and changes.verdict != 'not_comparable'
order by
    changes.changed_at desc,
    changes.course_id,
    changes.activity_id,
    indexOf(['hot_spot_hazard', 'completion', 'time_against_expected', 'item_difficulty'], changes.measure)
