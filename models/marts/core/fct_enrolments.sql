{{
    config(
        order_by=["learner_id", "course_id"],
        tags=["near_real_time"],
    )
}}

select
    learner_id,
    course_id,
    enrolled_at,
    enrolment_basis,
    acquisition_channel,
    cohort_label
from {{ ref("int_enrolments__combined") }}
