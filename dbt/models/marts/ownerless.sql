SELECT account_id, region, catalog_id, database_name, name AS table_name, owner, created_by
FROM {{ ref('current_tables') }}
WHERE {{ is_blank('owner') }} OR LOWER(TRIM(owner)) IN {{ texts(var('no_owners')) }}
