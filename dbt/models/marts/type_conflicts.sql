WITH used AS (
  SELECT LOWER(name) AS column_name, LOWER(type) AS type, COUNT(*) AS column_count,
    MIN(database_name || '.' || table_name) AS example
  FROM {{ ref('current_columns') }}
  WHERE is_current IS NOT FALSE AND type IS NOT NULL
  GROUP BY 1, 2
),
counted AS (
  SELECT *, COUNT(*) OVER (PARTITION BY column_name) AS type_count
  FROM used
)
SELECT column_name, type, column_count, example, type_count
FROM counted
WHERE type_count > 1
