WITH counted AS (
  SELECT account_id, region, catalog_id, database_name, name AS table_name,
    CAST(NULL AS VARCHAR) AS partition_name, object_count, size_bytes
  FROM {{ ref('current_tables') }}
  UNION ALL
  SELECT account_id, region, catalog_id, database_name, table_name, partition_name,
    {{ count_of('parameters', 'objectCount') }}, {{ count_of('parameters', 'sizeKey') }}
  FROM {{ ref('current_partitions') }}
)
SELECT *, CAST(FLOOR(size_bytes / object_count) AS BIGINT) AS bytes_per_file
FROM counted
WHERE object_count > 1 AND size_bytes / object_count < {{ var('small_file_bytes') }}
