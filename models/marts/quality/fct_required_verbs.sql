{{ config(order_by=["source", "verb"], tags=["nightly"]) }}

with
    required as (select source, verb from {{ ref("required_verbs") }}),

    sent as (
        select
            source as sent_source,
            verb as sent_verb,
            count() as sent_count,
            max(occurred_at) as last_at
        from {{ ref("fct_learning_events") }}
        group by sent_source, sent_verb
    ),

    senders as (select sent_source from sent group by sent_source),

    {# A source that never delivered an event lacks nothing yet: it may be declared before it starts. #}
    final as (
        select
            required.source as source,
            required.verb as verb,
            sent.sent_count as event_count,
            if(sent.sent_count = 0, null, sent.last_at) as last_seen_at
        from required
        left join
            sent
            on required.source = sent.sent_source
            and required.verb = sent.sent_verb
        where required.source in (select sent_source from senders)
    )

select
    CAST(source, 'String') as source,
    CAST(verb, 'String') as verb,
    event_count,
    CAST(last_seen_at, 'Nullable(DateTime64(3, \'UTC\'))') as last_seen_at
from final
