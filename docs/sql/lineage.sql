CREATE OR REPLACE VIEW current_table_edges AS
SELECT table_edges.*
FROM table_edges
LEFT JOIN last_readings AS reading
  ON reading.stream = 'table_edges'
  AND reading.account_id = table_edges.account_id
  AND reading.region = table_edges.region
  AND reading.catalog_id = table_edges.catalog_id
  AND reading.database_name = table_edges.database_name
JOIN current_databases AS parent
  ON parent.account_id = table_edges.account_id
  AND parent.region = table_edges.region
  AND parent.catalog_id = table_edges.catalog_id
  AND parent.name = table_edges.database_name
WHERE COALESCE(table_edges._sdc_extracted_at >= reading.full_started_at, TRUE);

CREATE OR REPLACE VIEW current_job_edges AS
SELECT job_edges.*
FROM job_edges
LEFT JOIN last_readings AS reading
  ON reading.stream = 'job_edges'
  AND reading.account_id = job_edges.account_id
  AND reading.region = job_edges.region
  AND reading.catalog_id = '*'
  AND reading.database_name = '*'
WHERE COALESCE(job_edges._sdc_extracted_at >= reading.full_started_at, TRUE);

CREATE OR REPLACE VIEW current_workflow_edges AS
SELECT workflow_edges.*
FROM workflow_edges
LEFT JOIN last_readings AS reading
  ON reading.stream = 'workflow_edges'
  AND reading.account_id = workflow_edges.account_id
  AND reading.region = workflow_edges.region
  AND reading.catalog_id = '*'
  AND reading.database_name = '*'
WHERE COALESCE(workflow_edges._sdc_extracted_at >= reading.full_started_at, TRUE);

CREATE OR REPLACE VIEW current_crawler_edges AS
SELECT crawler_edges.*
FROM crawler_edges
LEFT JOIN last_readings AS reading
  ON reading.stream = 'crawler_edges'
  AND reading.account_id = crawler_edges.account_id
  AND reading.region = crawler_edges.region
  AND reading.catalog_id = '*'
  AND reading.database_name = '*'
WHERE COALESCE(crawler_edges._sdc_extracted_at >= reading.full_started_at, TRUE);

CREATE OR REPLACE VIEW current_trigger_edges AS
SELECT trigger_edges.*
FROM trigger_edges
LEFT JOIN last_readings AS reading
  ON reading.stream = 'trigger_edges'
  AND reading.account_id = trigger_edges.account_id
  AND reading.region = trigger_edges.region
  AND reading.catalog_id = '*'
  AND reading.database_name = '*'
WHERE COALESCE(trigger_edges._sdc_extracted_at >= reading.full_started_at, TRUE);

CREATE OR REPLACE VIEW current_integration_edges AS
SELECT integration_edges.*
FROM integration_edges
LEFT JOIN last_readings AS reading
  ON reading.stream = 'integration_edges'
  AND reading.account_id = integration_edges.account_id
  AND reading.region = integration_edges.region
  AND reading.catalog_id = '*'
  AND reading.database_name = '*'
WHERE COALESCE(integration_edges._sdc_extracted_at >= reading.full_started_at, TRUE);

CREATE OR REPLACE VIEW lost_lineage AS
SELECT COALESCE(held.row_count, 0) AS row_count, unit.*
FROM current_units AS unit
LEFT JOIN (
  SELECT 'table_edges' AS stream, account_id, region, table_edges.catalog_id AS catalog_id, table_edges.database_name AS database_name, COUNT(*) AS row_count
  FROM current_table_edges AS table_edges
  GROUP BY 1, 2, 3, 4, 5
  UNION ALL
  SELECT 'job_edges' AS stream, account_id, region, '*' AS catalog_id, '*' AS database_name, COUNT(*) AS row_count
  FROM current_job_edges AS job_edges
  GROUP BY 1, 2, 3, 4, 5
  UNION ALL
  SELECT 'workflow_edges' AS stream, account_id, region, '*' AS catalog_id, '*' AS database_name, COUNT(*) AS row_count
  FROM current_workflow_edges AS workflow_edges
  GROUP BY 1, 2, 3, 4, 5
  UNION ALL
  SELECT 'crawler_edges' AS stream, account_id, region, '*' AS catalog_id, '*' AS database_name, COUNT(*) AS row_count
  FROM current_crawler_edges AS crawler_edges
  GROUP BY 1, 2, 3, 4, 5
  UNION ALL
  SELECT 'trigger_edges' AS stream, account_id, region, '*' AS catalog_id, '*' AS database_name, COUNT(*) AS row_count
  FROM current_trigger_edges AS trigger_edges
  GROUP BY 1, 2, 3, 4, 5
  UNION ALL
  SELECT 'integration_edges' AS stream, account_id, region, '*' AS catalog_id, '*' AS database_name, COUNT(*) AS row_count
  FROM current_integration_edges AS integration_edges
  GROUP BY 1, 2, 3, 4, 5
) AS held
  ON held.account_id = unit.account_id
  AND held.region = unit.region
  AND held.stream = unit.stream
  AND held.catalog_id = unit.catalog_id
  AND held.database_name = unit.database_name
WHERE unit.stream IN ('table_edges', 'job_edges', 'workflow_edges', 'crawler_edges', 'trigger_edges', 'integration_edges')
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
