{#
    Timestamps as the specification has them: ISO 8601 in 1.0.x, of which RFC 3339 in 2.0 is a part. -00:00 is refused
    by both (1.0.3 §4.5).
#}
{# A week date (2026-W02-1T…) or ordinal date (2026-005T…) as a calendar date; empty when there is no such day. #}
{% macro calendar_time(text) -%}
    if(
        position({{ text }}, 'W') > 0,
        if(
            toISOWeek({{ _day_of_week(text) }})
            = toUInt8OrZero(substring({{ text }}, 7, 2))
            and toISOYear({{ _day_of_week(text) }})
            = toUInt16OrZero(substring({{ text }}, 1, 4)),
            concat(toString({{ _day_of_week(text) }}), substring({{ text }}, 11)),
            ''
        ),
        if(
            toYear({{ _day_of_year(text) }})
            = toUInt16OrZero(substring({{ text }}, 1, 4)),
            concat(toString({{ _day_of_year(text) }}), substring({{ text }}, 9)),
            ''
        )
    )
{%- endmacro %}

{% macro _day_of_week(text) -%}
    (
        makeDate32(toUInt16OrZero(substring({{ text }}, 1, 4)), 1, 4)
        - toDayOfWeek(makeDate32(toUInt16OrZero(substring({{ text }}, 1, 4)), 1, 4))
        + 7 * (toInt32(toUInt8OrZero(substring({{ text }}, 7, 2))) - 1)
        + toInt32(toUInt8OrZero(substring({{ text }}, 10, 1)))
    )
{%- endmacro %}

{% macro _day_of_year(text) -%}
    (
        makeDate32(toUInt16OrZero(substring({{ text }}, 1, 4)), 1, 1)
        + toInt32(toUInt16OrZero(substring({{ text }}, 6, 3)))
        - 1
    )
{%- endmacro %}

{#
    The instant of a timestamp as Nullable(DateTime64(3, 'UTC')); NULL when it is none. Without a zone it is read as UTC
    (`timestamp_quality` says so).
#}
{% macro timestamp_or_null(text) -%}
    {%- set is_plain = matches(text, plain_timestamp_pattern()) -%}
    if(
        {{ is_plain }},
        parseDateTime64BestEffortOrNull({{ text }}, 3, 'UTC'),
        arrayMap(
            time -> {{ rare_timestamp_or_null("time") }},
            {{ irregular("not " ~ is_plain, text) }}
        )[1]
    )
{%- endmacro %}

{#
    The other forms. A second 60 is a leap second and ends a day in UTC, nothing else. The engine would take the year 0
    for the present one, and it does not know basic times without seconds.
#}
{% macro rare_timestamp_or_null(text) -%}
    {%- set is_rare_date = "match(" ~ text ~ ", '^[0-9]{4}-(?:W|[0-9]{3}[Tt ])')" -%}
    {%- set plain_text = (
        "if("
        ~ is_rare_date
        ~ ", "
        ~ calendar_time(text)
        ~ ", replaceRegexpOne("
        ~ text
        ~ ", '^([0-9]{8}[Tt][0-9]{4})([Zz+-]|$)', '\\\\100\\\\2'))"
    ) -%}
    {%- set instant = (
        "parseDateTime64BestEffortOrNull(translate("
        ~ plain_text
        ~ ", 'tz,', 'TZ.'), 3, 'UTC')"
    ) -%}
    if(
        {{ matches(text, iso8601_pattern()) }}
        and not startsWith({{ text }}, '0000')
        and not match({{ text }}, '-00(?::?00)?$')
        and (
            not match({{ text }}, '(?:[0-9]{2}:|[Tt][0-9]{4})60(?:[.,Zz+-]|$)')
            or positiveModulo(
                toUnixTimestamp64Milli(
                    ifNull({{ instant }}, toDateTime64(1, 3, 'UTC'))
                ),
                86400000
            )
            < 1000
        ),
        {{ instant }},
        null
    )
{%- endmacro %}

{# The instant at which something ends: of a date alone the end of that day, in UTC. NULL when it is no time. #}
{% macro end_or_null(text) -%}
    if(
        match({{ text }}, '^[0-9]{4}-[0-9]{2}-[0-9]{2}$'),
        toDateTime64(addDays(toDate32OrNull({{ text }}), 1), 3, 'UTC'),
        {{ timestamp_or_null(text) }}
    )
{%- endmacro %}
