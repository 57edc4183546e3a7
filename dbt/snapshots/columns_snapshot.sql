{% snapshot columns_snapshot %}
{#- What a column is, without its place: a column that is put in front of others changes none of them. -#}
{{ config(
  strategy='check',
  unique_key=['account_id', 'region', 'catalog_id', 'database_name', 'table_name', 'name', 'occurrence'],
  check_cols=['type', 'comment'],
) }}
SELECT account_id, region, catalog_id, database_name, table_name, name, occurrence, type, comment
FROM {{ ref('current_columns') }}
WHERE is_current IS NOT FALSE
{% endsnapshot %}
