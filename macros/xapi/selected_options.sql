{#
    The options that an answer chose, as Array(String), and the one place that says how systems write several into one
    text. First of the rules that fits:

    1. The answer is one of the item's own choices: one option, whatever signs it has.
    2. `a[,]b`, as xAPI 1.0.3 §2.4.4.1 says (H5P, Moodle, Storyline, iSpring), but for long free texts.
    3. A list in JSON or as Python prints it, alone or under one input (Open edX): `["a", "b"]`, `{'x_2_1': ['a', 'b']}`.
    4. Braces around each option: `{9} {16}`.
    5. `a, b` or `a; b`: where the item allows several and each piece is one of its choices or, when it lists none,
       looks like a code (`0`, `b`, `choice_2`).
    6. Else one option.

    Rules 3 to 5 are not for items that ask for a text, a number or true and false.
#}
{% macro selected_options(response, irregular_answers, irregular_items) -%}
    if(
        empty({{ irregular_answers }}),
        {{ irregular("true", "ifNull(" ~ response ~ ", '')") }},
        arrayFilter(
            option -> option != '',
            arrayMap(
                option -> trimBoth(option),
                arrayMap(
                    (answer, pieces, kind, choices) -> {{ _parted_answer() }},
                    {{ irregular_answers }},
                    arrayMap(answer -> {{ _pieces("answer") }}, {{ irregular_answers }}),
                    arrayMap(item -> {{ _interaction("item") }}, {{ irregular_items }}),
                    arrayMap(item -> {{ _choice_names("item") }}, {{ irregular_items }})
                )[1]
            )
        )
    )
{%- endmacro %}

{# Whether an answer has signs that could part options. #}
{% macro has_option_signs(response) -%}
    ifNull(match({{ response }}, '[,;{\\[]'), false)
{%- endmacro %}

{% macro _parted_answer() -%}
    multiIf(
        has(choices, answer) or kind = 'long-fill-in',
        [{{ _without_parameters("answer") }}],
        position(answer, '[,]') > 0,
        splitByString('[,]', {{ _without_parameters("answer") }}),
        kind in ('fill-in', 'numeric', 'true-false', 'likert'),
        [{{ _without_parameters("answer") }}],
        {{ matches("answer", _list_pattern()) }},
        {{ _listed_options("answer") }},
        {{ matches("answer", "(?:[{][^{}=]*[}][[:space:],;]*)+") }},
        extractAll(answer, '[{]([^{}]*)[}]'),
        kind in ('choice', 'sequencing', 'matching')
        and {{ _are_options("pieces", "answer", "choices") }},
        pieces,
        [{{ _without_parameters("answer") }}]
    )
{%- endmacro %}

{% macro _interaction(item) -%}
    JSONExtractString({{ item }}, 'definition', 'interactionType')
{%- endmacro %}

{# Ids and descriptions of the item's choices. #}
{% macro _choice_names(item) -%}
    arrayFlatten(
        arrayMap(
            choice -> arrayPushFront(mapValues(choice.description), choice.id),
            JSONExtract(
                {{ item }},
                'definition',
                'choices',
                'Array(Tuple(id String, description Map(String, String)))'
            )
        )
    )
{%- endmacro %}

{#
    Those of the options that the item's definition names, as choices or as other parts of the interaction: what stands
    there was written by who made the item. A pair of `matching` (`a[.]b`) is named when both of its sides are.
#}
{% macro listed_options(selected_options, irregular_items) -%}
    arrayMap(
        item -> arrayFilter(
            option -> hasAll(
                {{ _component_names("item") }}, splitByString('[.]', option)
            ),
            {{ selected_options }}
        ),
        {{ irregular_items }}
    )[1]
{%- endmacro %}

{% macro _component_names(item) -%}
    {%- set components = "Array(Tuple(id String, description Map(String, String)))" -%}
    {%- set parts = ["choices", "scale", "source", "target"] -%}
    arrayFlatten(
        arrayMap(
            component -> arrayPushFront(
                mapValues(component.description), component.id
            ),
            arrayConcat(
                {%- for part in parts %}
                    JSONExtract(
                        {{ item }}, 'definition', '{{ part }}', '{{ components }}'
                    )
                    {%- if not loop.last %}, {% endif -%}
                {%- endfor %}
            )
        )
    )
{%- endmacro %}

{# xAPI lets a response begin with such parameters. #}
{% macro _without_parameters(answer) -%}
    replaceRegexpOne(
        {{ answer }}, '^(?:[{](?:lang|case_matters|order_matters)=[^}]*[}])+', ''
    )
{%- endmacro %}

{% macro _quoted_pattern() -%}
    (?:"(?:[^"\\\\]|\\\\.)*"|\\x27(?:[^\\x27\\\\]|\\\\.)*\\x27)
{%- endmacro %}

{# A list of texts or numbers, alone or as the value of the only key. #}
{% macro _list_pattern() -%}
    {%- set item = "(?:" ~ _quoted_pattern() ~ "|-?[0-9.]+)" -%}
    {%- set list = "[[] *(?:" ~ item ~ " *,? *)*[]]" -%}
    (?:{{ list }}|[{] *{{ _quoted_pattern() }} *: *{{ list }} *[}])
{%- endmacro %}

{# The texts without their quotes and escapes. #}
{% macro _listed_options(answer) -%}
    arrayMap(
        option -> if(
            startsWith(option, '"'),
            JSONExtractString(concat('[', option, ']'), 1),
            replaceRegexpAll(
                replaceRegexpOne(option, '^\\x27(.*)\\x27$', '\\1'), '\\\\(.)', '\\1'
            )
        ),
        extractAll(
            replaceRegexpOne(
                {{ answer }}, '^[{] *{{ _quoted_pattern() }} *: *', ''
            ),
            '{{ _quoted_pattern() }}|-?[0-9.]+'
        )
    )
{%- endmacro %}

{% macro _pieces(answer) -%}
    arrayMap(
        piece -> trimBoth(piece),
        if(
            position({{ answer }}, ';') > 0,
            splitByChar(';', {{ answer }}),
            splitByChar(',', {{ answer }})
        )
    )
{%- endmacro %}

{# A number with separators of thousands is one option. #}
{% macro _are_options(pieces, answer, choice_names) -%}
    if(
        notEmpty({{ choice_names }}),
        hasAll({{ choice_names }}, {{ pieces }}),
        not match({{ answer }}, '^[0-9]{1,3}(?:,[0-9]{3})+$')
        and arrayAll(
            piece -> match(
                piece, '^(?:[A-Za-z]|[A-Za-z0-9_.:#/-]*[0-9_][A-Za-z0-9_.:#/-]*)$'
            ),
            {{ pieces }}
        )
    )
{%- endmacro %}
