CREATE OR REPLACE VIEW current_job_runs AS
SELECT job_runs.*
FROM job_runs
LEFT JOIN last_readings AS reading
  ON reading.stream = 'job_runs'
  AND reading.account_id = job_runs.account_id
  AND reading.region = job_runs.region
  AND reading.catalog_id = '*'
  AND reading.database_name = '*'
WHERE COALESCE(job_runs._sdc_extracted_at >= reading.full_started_at, TRUE)
  AND COALESCE(job_runs.completed_on IS NOT NULL OR job_runs._sdc_extracted_at >= reading.started_at, TRUE);

CREATE OR REPLACE VIEW current_job_bookmarks AS
SELECT job_bookmarks.*
FROM job_bookmarks
LEFT JOIN last_readings AS reading
  ON reading.stream = 'job_bookmarks'
  AND reading.account_id = job_bookmarks.account_id
  AND reading.region = job_bookmarks.region
  AND reading.catalog_id = '*'
  AND reading.database_name = '*'
WHERE COALESCE(job_bookmarks._sdc_extracted_at >= reading.full_started_at, TRUE);

CREATE OR REPLACE VIEW current_workflow_runs AS
SELECT workflow_runs.*
FROM workflow_runs
LEFT JOIN last_readings AS reading
  ON reading.stream = 'workflow_runs'
  AND reading.account_id = workflow_runs.account_id
  AND reading.region = workflow_runs.region
  AND reading.catalog_id = '*'
  AND reading.database_name = '*'
WHERE COALESCE(workflow_runs._sdc_extracted_at >= reading.full_started_at, TRUE)
  AND COALESCE(workflow_runs.completed_on IS NOT NULL OR workflow_runs._sdc_extracted_at >= reading.started_at, TRUE);

CREATE OR REPLACE VIEW current_crawls AS
SELECT crawls.*
FROM crawls
LEFT JOIN last_readings AS reading
  ON reading.stream = 'crawls'
  AND reading.account_id = crawls.account_id
  AND reading.region = crawls.region
  AND reading.catalog_id = '*'
  AND reading.database_name = '*'
WHERE COALESCE(crawls._sdc_extracted_at >= reading.full_started_at, TRUE)
  AND COALESCE(crawls.end_time IS NOT NULL OR crawls._sdc_extracted_at >= reading.started_at, TRUE);

CREATE OR REPLACE VIEW current_crawler_metrics AS
SELECT crawler_metrics.*
FROM crawler_metrics
LEFT JOIN last_readings AS reading
  ON reading.stream = 'crawler_metrics'
  AND reading.account_id = crawler_metrics.account_id
  AND reading.region = crawler_metrics.region
  AND reading.catalog_id = '*'
  AND reading.database_name = '*'
WHERE COALESCE(crawler_metrics._sdc_extracted_at >= reading.full_started_at, TRUE);

CREATE OR REPLACE VIEW current_data_quality_results AS
SELECT data_quality_results.*
FROM data_quality_results
LEFT JOIN last_readings AS reading
  ON reading.stream = 'data_quality_results'
  AND reading.account_id = data_quality_results.account_id
  AND reading.region = data_quality_results.region
  AND reading.catalog_id = '*'
  AND reading.database_name = '*'
WHERE COALESCE(data_quality_results._sdc_extracted_at >= reading.full_started_at, TRUE)
  AND COALESCE(data_quality_results.completed_on IS NOT NULL OR data_quality_results._sdc_extracted_at >= reading.started_at, TRUE);

CREATE OR REPLACE VIEW lost_runs AS
SELECT COALESCE(held.row_count, 0) AS row_count, unit.*
FROM current_units AS unit
LEFT JOIN (
  SELECT 'job_runs' AS stream, account_id, region, '*' AS catalog_id, '*' AS database_name, COUNT(*) AS row_count
  FROM current_job_runs AS job_runs
  GROUP BY 1, 2, 3, 4, 5
  UNION ALL
  SELECT 'job_bookmarks' AS stream, account_id, region, '*' AS catalog_id, '*' AS database_name, COUNT(*) AS row_count
  FROM current_job_bookmarks AS job_bookmarks
  GROUP BY 1, 2, 3, 4, 5
  UNION ALL
  SELECT 'workflow_runs' AS stream, account_id, region, '*' AS catalog_id, '*' AS database_name, COUNT(*) AS row_count
  FROM current_workflow_runs AS workflow_runs
  GROUP BY 1, 2, 3, 4, 5
  UNION ALL
  SELECT 'crawls' AS stream, account_id, region, '*' AS catalog_id, '*' AS database_name, COUNT(*) AS row_count
  FROM current_crawls AS crawls
  GROUP BY 1, 2, 3, 4, 5
  UNION ALL
  SELECT 'crawler_metrics' AS stream, account_id, region, '*' AS catalog_id, '*' AS database_name, COUNT(*) AS row_count
  FROM current_crawler_metrics AS crawler_metrics
  GROUP BY 1, 2, 3, 4, 5
  UNION ALL
  SELECT 'data_quality_results' AS stream, account_id, region, '*' AS catalog_id, '*' AS database_name, COUNT(*) AS row_count
  FROM current_data_quality_results AS data_quality_results
  GROUP BY 1, 2, 3, 4, 5
) AS held
  ON held.account_id = unit.account_id
  AND held.region = unit.region
  AND held.stream = unit.stream
  AND held.catalog_id = unit.catalog_id
  AND held.database_name = unit.database_name
WHERE unit.stream IN ('job_runs', 'job_bookmarks', 'workflow_runs', 'crawls', 'crawler_metrics', 'data_quality_results')
  AND COALESCE(held.row_count, 0) < unit.record_count
  AND NOT EXISTS (
    SELECT 1 FROM extractions AS later
    WHERE later.account_id = unit.account_id
      AND later.region = unit.region
      AND later.stream = unit.stream
      AND later.catalog_id = unit.catalog_id
      AND later.database_name = unit.database_name
      AND later.started_at > unit.started_at
  );
