WITH risks AS (
  SELECT *, 'unsupported version' AS risk
  FROM {{ ref('current_jobs') }}
  WHERE glue_version IN {{ texts(var('unsupported_glue_versions')) }}
  UNION ALL
  SELECT *, 'no retries' AS risk
  FROM {{ ref('current_jobs') }}
  WHERE COALESCE(max_retries, 0) = 0
  UNION ALL
  SELECT *, 'no timeout' AS risk
  FROM {{ ref('current_jobs') }}
  WHERE COALESCE(timeout, 0) = 0
    AND COALESCE((command ->> 'name'), '') <> 'gluestreaming' -- these are to run for ever
)
SELECT account_id, region, name AS job_name, risk, glue_version, max_retries, timeout
FROM risks
