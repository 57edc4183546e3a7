CREATE OR REPLACE VIEW current_registries AS
SELECT registries.*
FROM registries
LEFT JOIN last_readings AS reading
  ON reading.stream = 'registries'
  AND reading.account_id = registries.account_id
  AND reading.region = registries.region
  AND reading.catalog_id = '*'
  AND reading.database_name = '*'
WHERE COALESCE(registries._sdc_extracted_at >= reading.full_started_at, TRUE);

CREATE OR REPLACE VIEW current_schemas AS
SELECT schemas.*
FROM schemas
LEFT JOIN last_readings AS reading
  ON reading.stream = 'schemas'
  AND reading.account_id = schemas.account_id
  AND reading.region = schemas.region
  AND reading.catalog_id = '*'
  AND reading.database_name = '*'
WHERE COALESCE(schemas._sdc_extracted_at >= reading.full_started_at, TRUE);

CREATE OR REPLACE VIEW current_schema_versions AS
SELECT schema_versions.*
FROM schema_versions
LEFT JOIN last_readings AS reading
  ON reading.stream = 'schema_versions'
  AND reading.account_id = schema_versions.account_id
  AND reading.region = schema_versions.region
  AND reading.catalog_id = '*'
  AND reading.database_name = '*'
WHERE COALESCE(schema_versions._sdc_extracted_at >= reading.full_started_at, TRUE);

CREATE OR REPLACE VIEW lost_schema_registry AS
SELECT COALESCE(held.row_count, 0) AS row_count, unit.*
FROM current_units AS unit
LEFT JOIN (
  SELECT 'registries' AS stream, account_id, region, '*' AS catalog_id, '*' AS database_name, COUNT(*) AS row_count
  FROM current_registries AS registries
  GROUP BY 1, 2, 3, 4, 5
  UNION ALL
  SELECT 'schemas' AS stream, account_id, region, '*' AS catalog_id, '*' AS database_name, COUNT(*) AS row_count
  FROM current_schemas AS schemas
  GROUP BY 1, 2, 3, 4, 5
  UNION ALL
  SELECT 'schema_versions' AS stream, account_id, region, '*' AS catalog_id, '*' AS database_name, COUNT(*) AS row_count
  FROM current_schema_versions AS schema_versions
  GROUP BY 1, 2, 3, 4, 5
) AS held
  ON held.account_id = unit.account_id
  AND held.region = unit.region
  AND held.stream = unit.stream
  AND held.catalog_id = unit.catalog_id
  AND held.database_name = unit.database_name
WHERE unit.stream IN ('registries', 'schemas', 'schema_versions')
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
