{% test primary_key(model, columns) %}
  SELECT {{ columns | join(', ') }}
  FROM {{ model }}
  GROUP BY {{ columns | join(', ') }}
  HAVING COUNT(*) > 1
  {%- for column in columns %}
    OR {{ column }} IS NULL
  {%- endfor %}
{% endtest %}
