CREATE OR REPLACE VIEW current_partitions AS
SELECT partitions.*
FROM partitions
LEFT JOIN last_readings AS reading
  ON reading.stream = 'partitions'
  AND reading.account_id = partitions.account_id
  AND reading.region = partitions.region
  AND reading.catalog_id = partitions.catalog_id
  AND reading.database_name = partitions.database_name
JOIN current_tables AS parent
  ON parent.account_id = partitions.account_id
  AND parent.region = partitions.region
  AND parent.catalog_id = partitions.catalog_id
  AND parent.database_name = partitions.database_name
  AND parent.name = partitions.table_name
WHERE COALESCE(partitions._sdc_extracted_at >= reading.full_started_at, TRUE);

CREATE OR REPLACE VIEW current_partition_indexes AS
SELECT partition_indexes.*
FROM partition_indexes
LEFT JOIN last_readings AS reading
  ON reading.stream = 'partition_indexes'
  AND reading.account_id = partition_indexes.account_id
  AND reading.region = partition_indexes.region
  AND reading.catalog_id = partition_indexes.catalog_id
  AND reading.database_name = partition_indexes.database_name
JOIN current_tables AS parent
  ON parent.account_id = partition_indexes.account_id
  AND parent.region = partition_indexes.region
  AND parent.catalog_id = partition_indexes.catalog_id
  AND parent.database_name = partition_indexes.database_name
  AND parent.name = partition_indexes.table_name
WHERE COALESCE(partition_indexes._sdc_extracted_at >= reading.full_started_at, TRUE);

CREATE OR REPLACE VIEW current_table_versions AS
SELECT table_versions.*
FROM table_versions
LEFT JOIN last_readings AS reading
  ON reading.stream = 'table_versions'
  AND reading.account_id = table_versions.account_id
  AND reading.region = table_versions.region
  AND reading.catalog_id = table_versions.catalog_id
  AND reading.database_name = table_versions.database_name
JOIN current_tables AS parent
  ON parent.account_id = table_versions.account_id
  AND parent.region = table_versions.region
  AND parent.catalog_id = table_versions.catalog_id
  AND parent.database_name = table_versions.database_name
  AND parent.name = table_versions.table_name
WHERE COALESCE(table_versions._sdc_extracted_at >= reading.full_started_at, TRUE);

CREATE OR REPLACE VIEW current_table_optimizers AS
SELECT table_optimizers.*
FROM table_optimizers
LEFT JOIN last_readings AS reading
  ON reading.stream = 'table_optimizers'
  AND reading.account_id = table_optimizers.account_id
  AND reading.region = table_optimizers.region
  AND reading.catalog_id = table_optimizers.catalog_id
  AND reading.database_name = table_optimizers.database_name
JOIN current_tables AS parent
  ON parent.account_id = table_optimizers.account_id
  AND parent.region = table_optimizers.region
  AND parent.catalog_id = table_optimizers.catalog_id
  AND parent.database_name = table_optimizers.database_name
  AND parent.name = table_optimizers.table_name
WHERE COALESCE(table_optimizers._sdc_extracted_at >= reading.full_started_at, TRUE);

CREATE OR REPLACE VIEW current_column_statistics AS
SELECT column_statistics.*
FROM column_statistics
LEFT JOIN last_readings AS reading
  ON reading.stream = 'column_statistics'
  AND reading.account_id = column_statistics.account_id
  AND reading.region = column_statistics.region
  AND reading.catalog_id = column_statistics.catalog_id
  AND reading.database_name = column_statistics.database_name
JOIN current_tables AS parent
  ON parent.account_id = column_statistics.account_id
  AND parent.region = column_statistics.region
  AND parent.catalog_id = column_statistics.catalog_id
  AND parent.database_name = column_statistics.database_name
  AND parent.name = column_statistics.table_name
WHERE COALESCE(column_statistics._sdc_extracted_at >= reading.full_started_at, TRUE);

CREATE OR REPLACE VIEW current_user_defined_functions AS
SELECT user_defined_functions.*
FROM user_defined_functions
LEFT JOIN last_readings AS reading
  ON reading.stream = 'user_defined_functions'
  AND reading.account_id = user_defined_functions.account_id
  AND reading.region = user_defined_functions.region
  AND reading.catalog_id = user_defined_functions.catalog_id
  AND reading.database_name = user_defined_functions.database_name
JOIN current_databases AS parent
  ON parent.account_id = user_defined_functions.account_id
  AND parent.region = user_defined_functions.region
  AND parent.catalog_id = user_defined_functions.catalog_id
  AND parent.name = user_defined_functions.database_name
WHERE COALESCE(user_defined_functions._sdc_extracted_at >= reading.full_started_at, TRUE);

CREATE OR REPLACE VIEW lost_tables AS
SELECT COALESCE(held.row_count, 0) AS row_count, unit.*
FROM current_units AS unit
LEFT JOIN (
  SELECT 'partitions' AS stream, account_id, region, partitions.catalog_id AS catalog_id, partitions.database_name AS database_name, COUNT(*) AS row_count
  FROM current_partitions AS partitions
  GROUP BY 1, 2, 3, 4, 5
  UNION ALL
  SELECT 'partition_indexes' AS stream, account_id, region, partition_indexes.catalog_id AS catalog_id, partition_indexes.database_name AS database_name, COUNT(*) AS row_count
  FROM current_partition_indexes AS partition_indexes
  GROUP BY 1, 2, 3, 4, 5
  UNION ALL
  SELECT 'table_versions' AS stream, account_id, region, table_versions.catalog_id AS catalog_id, table_versions.database_name AS database_name, COUNT(*) AS row_count
  FROM current_table_versions AS table_versions
  GROUP BY 1, 2, 3, 4, 5
  UNION ALL
  SELECT 'table_optimizers' AS stream, account_id, region, table_optimizers.catalog_id AS catalog_id, table_optimizers.database_name AS database_name, COUNT(*) AS row_count
  FROM current_table_optimizers AS table_optimizers
  GROUP BY 1, 2, 3, 4, 5
  UNION ALL
  SELECT 'column_statistics' AS stream, account_id, region, column_statistics.catalog_id AS catalog_id, column_statistics.database_name AS database_name, COUNT(*) AS row_count
  FROM current_column_statistics AS column_statistics
  GROUP BY 1, 2, 3, 4, 5
  UNION ALL
  SELECT 'user_defined_functions' AS stream, account_id, region, user_defined_functions.catalog_id AS catalog_id, user_defined_functions.database_name AS database_name, COUNT(*) AS row_count
  FROM current_user_defined_functions AS user_defined_functions
  GROUP BY 1, 2, 3, 4, 5
) AS held
  ON held.account_id = unit.account_id
  AND held.region = unit.region
  AND held.stream = unit.stream
  AND held.catalog_id = unit.catalog_id
  AND held.database_name = unit.database_name
WHERE unit.stream IN ('partitions', 'partition_indexes', 'table_versions', 'table_optimizers', 'column_statistics', 'user_defined_functions')
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
