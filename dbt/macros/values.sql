{#- Texts, to stand after IN. -#}
{% macro texts(values) %}('{{ values | join("', '") }}'){% endmacro %}

{% macro is_blank(text) %}COALESCE(TRIM({{ text }}), '') = ''{% endmacro %}

{#- A count that AWS keeps as text; null if it is none. -#}
{% macro count_of(parameters, name) -%}
  CASE WHEN ({{ parameters }} ->> '{{ name }}') ~ '^[0-9]{1,18}$'
    THEN CAST(({{ parameters }} ->> '{{ name }}') AS BIGINT) END
{%- endmacro %}
