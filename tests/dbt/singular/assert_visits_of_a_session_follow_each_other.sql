{#
    The visits of a session are numbered without a gap, each at another activity than the one before, and the learner
    leaves one as the next begins. A session with n visits has n - 1 moves.
#}
with
    visits as (
        select
            session_id,
            arraySort(
                groupArray(
                    (visit_number, arrived_at, activity_id, ifNull(left_at, arrived_at))
                )
            ) as numbered
        from {{ ref("fct_activity_visits") }}
        group by session_id
    ),

    moves as (
        select session_id, count() as move_count
        from {{ ref("fct_navigation") }}
        group by session_id
    )

select visits.session_id, length(visits.numbered), moves.move_count
from visits
left join moves on visits.session_id = moves.session_id
where
    moves.move_count != length(visits.numbered) - 1
    or visits.numbered[-1] .1 != length(visits.numbered)
    or arrayExists(
        (visit, next) -> visit .3 = next .3 or visit .4 != next .2,
        arrayPopBack(visits.numbered),
        arrayPopFront(visits.numbered)
    )
