{#- The elements of a JSON array as texts, to stand in FROM; none if there is no array. -#}
{% macro elements(array) %}{{ adapter.dispatch('elements')(array) }}{% endmacro %}

{% macro duckdb__elements(array) %}UNNEST(FROM_JSON({{ array }}, '["VARCHAR"]')){% endmacro %}

{% macro postgres__elements(array) -%}
  JSONB_ARRAY_ELEMENTS_TEXT(NULLIF(CAST({{ array }} AS JSONB), 'null'))
{%- endmacro %}
