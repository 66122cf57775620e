{{
    config(
        order_by=["course_id", "activity_id", "changed_at"],
        tags=["nightly"],
    )
}}

with
    {# Of lines that say the same twice, the later delivered has the better words. #}
    entries as (
        select
            activity_id,
            course_id as stated_course_id,
            entered_at as changed_at,
            change_kind,
            note,
            position_seconds,
            'entry' as origin
        from {{ ref("stg_changes__entries") }}
        where quarantine_reason = '' and entry = 'changed'
        order by activity_id, stated_course_id, changed_at, delivered_at desc, line_hash
        limit 1 by activity_id, stated_course_id, changed_at
    ),

    {# A version counts from its first delivery, and of one delivery the highest, as the catalogue's item does. #}
    delivered_versions as (
        select
            activity_id,
            course_id as stated_course_id,
            delivered_at,
            max(version) as highest_version
        from {{ ref("stg_catalog__items") }}
        where quarantine_reason = '' and version != ''
        group by activity_id, stated_course_id, delivered_at
    ),

    with_versions_before as (
        select
            *,
            max(highest_version) over (
                partition by activity_id, stated_course_id
                order by delivered_at
                rows between unbounded preceding and 1 preceding
            ) as version_before
        from delivered_versions
    ),

    {#
        Content that has an entry is left to its entries: a catalogue that follows some hours later would end the time
        after the change, and begin another.
    #}
    versions as (
        select
            activity_id,
            stated_course_id,
            delivered_at as changed_at,
            'new version' as change_kind,
            concat('version ', highest_version, ' after ', version_before) as note,
            CAST(null, 'Nullable(Float64)') as position_seconds,
            'catalogue' as origin
        from with_versions_before
        where
            version_before != ''
            and highest_version > version_before
            and activity_id not in (select activity_id from entries)
    ),

    changes as (
        select *
        from entries
        union all
        select *
        from versions
    ),

    activities as (
        select course_id, activity_id, activity_type, module_id, title
        from {{ ref("dim_course_activities") }}
    ),

    {# One row per course that has the content; content that is not known stays with the course that was stated. #}
    placed as (
        select
            changes.activity_id as activity_id,
            changes.stated_course_id as stated_course_id,
            changes.changed_at as changed_at,
            changes.change_kind as change_kind,
            changes.note as note,
            changes.position_seconds as position_seconds,
            changes.origin as origin,
            if(
                activities.course_id != '',
                activities.course_id,
                changes.stated_course_id
            ) as course_id,
            activities.activity_type as activity_type,
            activities.module_id as module_id,
            activities.title as title
        from changes
        left join activities using (activity_id)
        where
            changes.stated_course_id = ''
            or activities.course_id = ''
            or activities.course_id = changes.stated_course_id
    ),

    {# Stated for the course and for all courses at the same time: the entry for the course counts. #}
    single as (
        select *
        from placed
        order by activity_id, course_id, changed_at, stated_course_id desc
        limit 1 by activity_id, course_id, changed_at
    ),

    final as (
        select
            *,
            lagInFrame(toNullable(changed_at)) over same_content as previous_changed_at,
            leadInFrame(toNullable(changed_at)) over same_content as next_changed_at
        from single
        window
            same_content as (
                partition by course_id, activity_id
                order by changed_at
                rows between unbounded preceding and unbounded following
            )
    )

select
    {{ surrogate_key(["activity_id", "course_id", "changed_at"]) }} as change_id,
    course_id,
    activity_id,
    activity_type,
    module_id,
    title,
    toLowCardinality(change_kind) as change_kind,
    note,
    position_seconds,
    toLowCardinality(origin) as origin,
    assumeNotNull(changed_at) as changed_at,
    assumeNotNull(
        greatest(
            subtractDays(final.changed_at, {{ var("content_change_before_days") }}),
            ifNull(previous_changed_at, toDateTime64(0, 3, 'UTC'))
        )
    ) as before_since_at,
    assumeNotNull(
        least(
            addDays(final.changed_at, {{ var("content_change_after_days") }}),
            ifNull(next_changed_at, toDateTime64('2299-12-31 00:00:00', 3, 'UTC'))
        )
    ) as after_until_at
from final
