SELECT account_id, region, stream, catalog_id, database_name, extent,
  CASE WHEN stale.stream IS NULL THEN 'read' ELSE 'stale' END AS status,
  unit.completed_at AS as_of, unit.record_count,
  CAST(NULL AS VARCHAR) AS operation, CAST(NULL AS VARCHAR) AS resource,
  CAST(NULL AS VARCHAR) AS error_code, CAST(NULL AS VARCHAR) AS message
FROM {{ ref('current_units') }} AS unit
LEFT JOIN {{ ref('stale_units') }} AS stale
  USING (account_id, region, stream, catalog_id, database_name, extent)
UNION ALL
SELECT account_id, region, stream, catalog_id, database_name, NULL,
  'not read', observed_at, NULL, operation, resource, error_code, message
FROM {{ ref('current_extraction_issues') }}
