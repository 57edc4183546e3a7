CREATE OR REPLACE VIEW last_readings AS
SELECT account_id, region, stream, catalog_id, database_name,
  COALESCE(MAX(CASE WHEN extent = '*' THEN started_at END), MIN(started_at)) AS started_at,
  COALESCE(
    MAX(CASE WHEN extent = '*' THEN full_started_at END), MIN(full_started_at)
  ) AS full_started_at
FROM extractions
GROUP BY account_id, region, stream, catalog_id, database_name;

CREATE OR REPLACE VIEW current_catalogs AS
SELECT catalogs.*
FROM catalogs
LEFT JOIN last_readings AS reading
  ON reading.stream = 'catalogs'
  AND reading.account_id = catalogs.account_id
  AND reading.region = catalogs.region
  AND reading.catalog_id = '*'
  AND reading.database_name = '*'
WHERE catalogs.catalog_id NOT LIKE '%:%'
  OR COALESCE(catalogs._sdc_extracted_at >= reading.full_started_at, TRUE)
  AND COALESCE(catalogs.update_time IS NOT NULL OR catalogs._sdc_extracted_at >= reading.started_at, TRUE);

CREATE OR REPLACE VIEW current_databases AS
SELECT databases.*
FROM databases
LEFT JOIN last_readings AS reading
  ON reading.stream = 'databases'
  AND reading.account_id = databases.account_id
  AND reading.region = databases.region
  AND reading.catalog_id = databases.catalog_id
  AND reading.database_name = '*'
LEFT JOIN current_catalogs AS parent
  ON parent.account_id = databases.account_id
  AND parent.region = databases.region
  AND parent.catalog_id = databases.catalog_id
WHERE COALESCE(databases._sdc_extracted_at >= reading.full_started_at, TRUE)
  AND (databases.catalog_id NOT LIKE '%:%' OR parent.catalog_id IS NOT NULL);

CREATE OR REPLACE VIEW current_tables AS
SELECT tables.*
FROM tables
LEFT JOIN last_readings AS reading
  ON reading.stream = 'tables'
  AND reading.account_id = tables.account_id
  AND reading.region = tables.region
  AND reading.catalog_id = tables.catalog_id
  AND reading.database_name = tables.database_name
JOIN current_databases AS parent
  ON parent.account_id = tables.account_id
  AND parent.region = tables.region
  AND parent.catalog_id = tables.catalog_id
  AND parent.name = tables.database_name
WHERE COALESCE(tables._sdc_extracted_at >= reading.full_started_at, TRUE)
  AND COALESCE(tables.update_time IS NOT NULL OR tables._sdc_extracted_at >= reading.started_at, TRUE);

CREATE OR REPLACE VIEW current_columns AS
SELECT columns.*
FROM columns
LEFT JOIN last_readings AS reading
  ON reading.stream = 'columns'
  AND reading.account_id = columns.account_id
  AND reading.region = columns.region
  AND reading.catalog_id = columns.catalog_id
  AND reading.database_name = columns.database_name
JOIN current_tables AS parent
  ON parent.account_id = columns.account_id
  AND parent.region = columns.region
  AND parent.catalog_id = columns.catalog_id
  AND parent.database_name = columns.database_name
  AND parent.name = columns.table_name
WHERE COALESCE(columns._sdc_extracted_at >= reading.full_started_at, TRUE)
  AND COALESCE(columns.table_update_time IS NOT NULL OR columns._sdc_extracted_at >= reading.started_at, TRUE)
  AND columns.table_update_time IS NOT DISTINCT FROM parent.update_time;

CREATE OR REPLACE VIEW current_jobs AS
SELECT jobs.*
FROM jobs
LEFT JOIN last_readings AS reading
  ON reading.stream = 'jobs'
  AND reading.account_id = jobs.account_id
  AND reading.region = jobs.region
  AND reading.catalog_id = '*'
  AND reading.database_name = '*'
WHERE COALESCE(jobs._sdc_extracted_at >= reading.full_started_at, TRUE)
  AND COALESCE(jobs.last_modified_on IS NOT NULL OR jobs._sdc_extracted_at >= reading.started_at, TRUE);

CREATE OR REPLACE VIEW current_workflows AS
SELECT workflows.*
FROM workflows
LEFT JOIN last_readings AS reading
  ON reading.stream = 'workflows'
  AND reading.account_id = workflows.account_id
  AND reading.region = workflows.region
  AND reading.catalog_id = '*'
  AND reading.database_name = '*'
WHERE COALESCE(workflows._sdc_extracted_at >= reading.full_started_at, TRUE)
  AND COALESCE(workflows.last_modified_on IS NOT NULL OR workflows._sdc_extracted_at >= reading.started_at, TRUE);

CREATE OR REPLACE VIEW current_extraction_issues AS
SELECT issue.*
FROM extraction_issues AS issue
WHERE NOT EXISTS (
  SELECT 1
  FROM extractions AS later
  WHERE later.stream = issue.stream
    AND later.account_id = issue.account_id
    AND (later.region = issue.region OR issue.region = '*')
    AND (later.catalog_id = issue.catalog_id OR issue.catalog_id IS NULL)
    AND (later.database_name = issue.database_name OR issue.database_name IS NULL)
    AND later.run_started_at > issue.run_started_at
);

CREATE OR REPLACE VIEW current_units AS
SELECT unit.*
FROM extractions AS unit
WHERE (unit.catalog_id NOT LIKE '%:%' OR EXISTS (
    SELECT 1 FROM current_catalogs AS parent
    WHERE parent.account_id = unit.account_id
      AND parent.region = unit.region
      AND parent.catalog_id = unit.catalog_id
  ))
  AND (unit.database_name = '*' OR EXISTS (
    SELECT 1 FROM current_databases AS parent
    WHERE parent.account_id = unit.account_id
      AND parent.region = unit.region
      AND parent.catalog_id = unit.catalog_id
      AND parent.name = unit.database_name
  ));

CREATE OR REPLACE VIEW stale_units AS
SELECT *
FROM current_units
WHERE completed_at < CURRENT_TIMESTAMP AT TIME ZONE 'UTC' - INTERVAL '7' DAY;

CREATE OR REPLACE VIEW lost AS
SELECT COALESCE(held.row_count, 0) AS row_count, unit.*
FROM current_units AS unit
LEFT JOIN (
  SELECT 'catalogs' AS stream, account_id, region, '*' AS catalog_id, '*' AS database_name, COUNT(*) AS row_count
  FROM current_catalogs AS catalogs
  GROUP BY 1, 2, 3, 4, 5
  UNION ALL
  SELECT 'databases' AS stream, account_id, region, databases.catalog_id AS catalog_id, '*' AS database_name, COUNT(*) AS row_count
  FROM current_databases AS databases
  GROUP BY 1, 2, 3, 4, 5
  UNION ALL
  SELECT 'tables' AS stream, account_id, region, tables.catalog_id AS catalog_id, tables.database_name AS database_name, COUNT(*) AS row_count
  FROM current_tables AS tables
  GROUP BY 1, 2, 3, 4, 5
  UNION ALL
  SELECT 'columns' AS stream, account_id, region, columns.catalog_id AS catalog_id, columns.database_name AS database_name, COUNT(*) AS row_count
  FROM current_columns AS columns
  GROUP BY 1, 2, 3, 4, 5
  UNION ALL
  SELECT 'jobs' AS stream, account_id, region, '*' AS catalog_id, '*' AS database_name, COUNT(*) AS row_count
  FROM current_jobs AS jobs
  GROUP BY 1, 2, 3, 4, 5
  UNION ALL
  SELECT 'workflows' AS stream, account_id, region, '*' AS catalog_id, '*' AS database_name, COUNT(*) AS row_count
  FROM current_workflows AS workflows
  GROUP BY 1, 2, 3, 4, 5
) AS held
  ON held.account_id = unit.account_id
  AND held.region = unit.region
  AND held.stream = unit.stream
  AND held.catalog_id = unit.catalog_id
  AND held.database_name = unit.database_name
WHERE unit.stream IN ('catalogs', 'databases', 'tables', 'columns', 'jobs', 'workflows')
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
