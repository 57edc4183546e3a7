WITH optimizers AS (
  SELECT account_id, region, catalog_id, database_name, table_name, type,
    CASE
      WHEN (table_optimizer -> 'configuration' ->> 'enabled') <> 'true' THEN 'off'
      WHEN (table_optimizer -> 'last_run' ->> 'event_type') = 'failed' THEN 'failed'
      ELSE 'on'
    END AS state
  FROM {{ ref('current_table_optimizers') }}
),
states AS (
  SELECT account_id, region, catalog_id, database_name, table_name
    {%- for type in ['compaction', 'retention', 'orphan_file_deletion'] %},
    MAX(CASE WHEN type = '{{ type }}' THEN state END) AS {{ type }}
    {%- endfor %}
  FROM optimizers
  GROUP BY account_id, region, catalog_id, database_name, table_name
),
dropped AS (
  SELECT account_id, region, catalog_id, database_name, table_name, COUNT(*) AS dropped_columns
  FROM {{ ref('current_columns') }}
  WHERE is_current IS FALSE
  GROUP BY account_id, region, catalog_id, database_name, table_name
),
read AS (
  SELECT DISTINCT account_id, region, catalog_id, database_name
  FROM {{ ref('current_units') }}
  WHERE stream = 'table_optimizers'
)
SELECT tables.account_id, tables.region, tables.catalog_id, tables.database_name,
  tables.name AS table_name, tables.update_time,
  (tables.parameters ->> 'metadata_location') AS metadata_location,
  COALESCE(dropped.dropped_columns, 0) AS dropped_columns
  {%- for type in ['compaction', 'retention', 'orphan_file_deletion'] %},
  COALESCE(states.{{ type }}, CASE WHEN read.account_id IS NULL THEN 'unknown' ELSE 'off' END)
    AS {{ type }}
  {%- endfor %}
FROM {{ ref('current_tables') }} AS tables
{%- for name in ['states', 'dropped', 'read'] %}
LEFT JOIN {{ name }}
  ON {{ name }}.account_id = tables.account_id
  AND {{ name }}.region = tables.region
  AND {{ name }}.catalog_id = tables.catalog_id
  AND {{ name }}.database_name = tables.database_name
  {%- if name != 'read' %}
  AND {{ name }}.table_name = tables.name
  {%- endif %}
{%- endfor %}
WHERE tables.table_format = 'iceberg'
