{%- set table = 'account_id, region, catalog_id, database_name, table_name' %}
{%- set column = table ~ ', name, occurrence' %}
WITH versions AS (
  SELECT *,
    MIN(dbt_valid_from) OVER () AS first_seen_at,
    MIN(dbt_valid_from) OVER (PARTITION BY {{ table }}) AS table_added_at,
    MAX(COALESCE(dbt_valid_to, '9999-12-31')) OVER (PARTITION BY {{ table }}) AS table_dropped_at,
    LAG(dbt_valid_to) OVER of_column AS previous_valid_to,
    LEAD(dbt_valid_from) OVER of_column AS next_valid_from,
    LAG(type) OVER of_column AS old_type,
    LAG(comment) OVER of_column AS old_comment
  FROM {{ ref('columns_snapshot') }}
  WINDOW of_column AS (PARTITION BY {{ column }} ORDER BY dbt_valid_from)
),
continued AS (
  SELECT *, COALESCE(previous_valid_to = dbt_valid_from, FALSE) AS is_continued
  FROM versions
),
-- A table that comes or goes is one change, whatever columns it has.
tables AS (
  SELECT DISTINCT {{ table }}, first_seen_at, table_added_at, table_dropped_at
  FROM versions
)
SELECT {{ table }}, CAST(NULL AS VARCHAR) AS column_name, CAST(NULL AS BIGINT) AS occurrence,
  'table added' AS change, CAST(NULL AS VARCHAR) AS old_value, CAST(NULL AS VARCHAR) AS new_value,
  table_added_at AS changed_at
FROM tables
WHERE table_added_at > first_seen_at
UNION ALL
SELECT {{ table }}, NULL, NULL, 'table dropped', NULL, NULL, table_dropped_at
FROM tables
WHERE table_dropped_at < '9999-12-31'
UNION ALL
SELECT {{ column }}, 'column added', NULL, type, dbt_valid_from
FROM continued
WHERE NOT is_continued AND dbt_valid_from > table_added_at
UNION ALL
SELECT {{ column }}, 'column dropped', type, NULL, dbt_valid_to
FROM versions
WHERE dbt_valid_to < table_dropped_at AND next_valid_from IS DISTINCT FROM dbt_valid_to
UNION ALL
SELECT {{ column }}, 'type changed', old_type, type, dbt_valid_from
FROM continued
WHERE is_continued AND old_type IS DISTINCT FROM type
UNION ALL
SELECT {{ column }}, 'comment changed', old_comment, comment, dbt_valid_from
FROM continued
WHERE is_continued AND old_comment IS DISTINCT FROM comment
