-- As of the last reading, not of today: a tap that has stopped makes no table stale.
WITH readings AS (
  SELECT account_id, region, MAX(completed_at) AS as_of
  FROM {{ ref('current_units') }}
  WHERE stream = 'tables'
  GROUP BY account_id, region
),
used AS (
  SELECT *, GREATEST(create_time, update_time, last_access_time) AS last_used_at
  FROM {{ ref('current_tables') }}
  WHERE is_view IS NOT TRUE
)
SELECT account_id, region, used.catalog_id, used.database_name, used.name AS table_name,
  used.last_used_at, CAST(as_of AS DATE) - CAST(used.last_used_at AS DATE) AS days
FROM used
JOIN readings USING (account_id, region)
WHERE used.last_used_at < as_of - INTERVAL '{{ var("stale_days") }}' DAY
