SELECT account_id, region, catalog_id, database_name, name AS table_name,
  'table' AS object_type, CAST(NULL AS VARCHAR) AS column_name
FROM {{ ref('current_tables') }}
WHERE {{ is_blank('description') }}
UNION -- a column name that a table holds twice is one
SELECT account_id, region, catalog_id, database_name, table_name,
  'column' AS object_type, name AS column_name
FROM {{ ref('current_columns') }}
WHERE {{ is_blank('comment') }} AND is_current IS NOT FALSE
