{{
    config(
        order_by=["source", "platform", "family", "verb", "field"],
        tags=["nightly"],
    )
}}

with
    completeness as (
        select source, platform, family, verb, field, expected_count, present_count
        from {{ ref("agg_event_completeness") }}
    ),

    events as (
        select
            source,
            if(platform = '', 'unknown', platform) as named_platform,
            verb,
            activity_type = 'video' as is_on_video
        from {{ ref("fct_learning_events") }}
    ),

    requirements as (
        select
            family as of_family,
            verb as of_verb,
            object_type,
            instead_of,
            field as of_field,
            importance,
            breaks,
            advice
        from {{ ref("dim_event_fields") }}
    ),

    events_counted as (
        select
            source,
            arrayJoin([toString(named_platform), 'all']) as on_platform,
            verb as event_verb,
            is_on_video,
            count() as event_count
        from events
        group by source, on_platform, event_verb, is_on_video
    ),

    verbs_of_families as (
        select
            events_counted.source as source,
            events_counted.on_platform as on_platform,
            requirements.of_family as family,
            events_counted.event_verb as event_verb,
            requirements.instead_of as instead_of,
            sum(events_counted.event_count) as event_count
        from events_counted
        inner join requirements on events_counted.event_verb = requirements.of_verb
        where
            requirements.of_field = ''
            and (
                requirements.object_type = ''
                or (requirements.object_type = 'video') = events_counted.is_on_video
            )
        group by source, on_platform, family, event_verb, instead_of
    ),

    {# A sender of a verb does not lack the one that it stands for. #}
    verbs_sent as (
        select
            source,
            on_platform,
            family,
            arrayJoin([toString(event_verb), toString(instead_of)]) as sent_verb,
            sum(event_count) as sent_count
        from verbs_of_families
        group by source, on_platform, family, sent_verb
    ),

    {# Each platform, and all of them together. #}
    fields_counted as (
        select
            source,
            arrayJoin([toString(platform), 'all']) as on_platform,
            toString(family) as field_family,
            if(family = 'every', '*', toString(verb)) as field_verb,
            field,
            sum(expected_count) as expected_count,
            sum(present_count) as present_count
        from completeness
        group by source, on_platform, field_family, field_verb, field
    ),

    fields_of_families as (
        select
            fields_counted.source as source,
            fields_counted.on_platform as on_platform,
            fields_counted.field_family as family,
            fields_counted.field_verb as of_verb,
            fields_counted.field as field,
            requirements.importance as importance,
            requirements.breaks as breaks,
            requirements.advice as advice,
            fields_counted.expected_count as expected_count,
            fields_counted.present_count as present_count
        from fields_counted
        inner join
            requirements
            on fields_counted.field_family = requirements.of_family
            and fields_counted.field_verb = requirements.of_verb
            and fields_counted.field = requirements.of_field
    ),

    families_seen as (
        select source, on_platform, family, sum(event_count) as family_event_count
        from verbs_of_families
        group by source, on_platform, family
        having family_event_count >= {{ var("missing_verb_min_events") }}
    ),

    needed_verbs as (
        select
            families_seen.source as source,
            families_seen.on_platform as on_platform,
            families_seen.family as family,
            requirements.of_verb as of_verb,
            requirements.importance as importance,
            requirements.breaks as breaks,
            requirements.advice as advice
        from families_seen
        inner join requirements on families_seen.family = requirements.of_family
        where requirements.of_field = '' and requirements.importance != 'optional'
    ),

    {# A verb is there or not: how often it should come is not known. #}
    verbs_counted as (
        select
            needed_verbs.source as source,
            needed_verbs.on_platform as on_platform,
            needed_verbs.family as family,
            needed_verbs.of_verb as of_verb,
            needed_verbs.importance as importance,
            needed_verbs.breaks as breaks,
            needed_verbs.advice as advice,
            verbs_sent.sent_count as event_count
        from needed_verbs
        left join
            verbs_sent
            on needed_verbs.source = verbs_sent.source
            and needed_verbs.on_platform = verbs_sent.on_platform
            and needed_verbs.family = verbs_sent.family
            and needed_verbs.of_verb = verbs_sent.sent_verb
    ),

    together as (
        select
            source,
            on_platform,
            family,
            of_verb,
            field,
            importance,
            breaks,
            advice,
            expected_count,
            present_count
        from fields_of_families
        union all
        select
            source,
            on_platform,
            family,
            of_verb,
            '' as field,
            importance,
            breaks,
            advice,
            toUInt64(1) as expected_count,
            toUInt64(event_count > 0) as present_count
        from verbs_counted
    ),

    final as (
        select
            *,
            {{ ratio("present_count", "expected_count") }} as completeness,
            {{ wilson_low("present_count", "expected_count") }} as completeness_low,
            {{ wilson_high("present_count", "expected_count") }} as completeness_high,
            completeness < {{ var("field_completeness_min") }} as is_gap
        from together
    )

select
    source,
    toLowCardinality(on_platform) as platform,
    toLowCardinality(family) as family,
    toLowCardinality(of_verb) as verb,
    toLowCardinality(field) as field,
    toLowCardinality(importance) as importance,
    expected_count,
    present_count,
    if(field = '', null, completeness) as completeness_ratio,
    if(field = '', null, completeness_low) as completeness_ratio_low,
    if(field = '', null, completeness_high) as completeness_ratio_high,
    CAST(ifNull(is_gap, false), 'Bool') as is_gap,
    breaks,
    advice
from final
