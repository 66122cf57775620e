-- One row, or none before the first contact: learners to be contacted against those held out.
select
    listed_count,
    contacted_count,
    held_out_count,
    listed_kept_ratio,
    held_out_kept_ratio,
    uplift_ratio,
    uplift_ratio_low,
    uplift_ratio_high
from marts.agg_intervention_uplift
where course_id = {course:String}
