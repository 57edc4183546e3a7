CREATE OR REPLACE VIEW current_column_fields AS
SELECT column_fields.*
FROM column_fields
LEFT JOIN last_readings AS reading
  ON reading.stream = 'column_fields'
  AND reading.account_id = column_fields.account_id
  AND reading.region = column_fields.region
  AND reading.catalog_id = column_fields.catalog_id
  AND reading.database_name = column_fields.database_name
JOIN current_tables AS parent
  ON parent.account_id = column_fields.account_id
  AND parent.region = column_fields.region
  AND parent.catalog_id = column_fields.catalog_id
  AND parent.database_name = column_fields.database_name
  AND parent.name = column_fields.table_name
WHERE COALESCE(column_fields._sdc_extracted_at >= reading.full_started_at, TRUE)
  AND COALESCE(column_fields.table_update_time IS NOT NULL OR column_fields._sdc_extracted_at >= reading.started_at, TRUE)
  AND column_fields.table_update_time IS NOT DISTINCT FROM parent.update_time;

CREATE OR REPLACE VIEW lost_fields AS
SELECT COALESCE(held.row_count, 0) AS row_count, unit.*
FROM current_units AS unit
LEFT JOIN (
  SELECT 'column_fields' AS stream, account_id, region, column_fields.catalog_id AS catalog_id, column_fields.database_name AS database_name, COUNT(*) AS row_count
  FROM current_column_fields AS column_fields
  GROUP BY 1, 2, 3, 4, 5
) AS held
  ON held.account_id = unit.account_id
  AND held.region = unit.region
  AND held.stream = unit.stream
  AND held.catalog_id = unit.catalog_id
  AND held.database_name = unit.database_name
WHERE unit.stream IN ('column_fields')
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
