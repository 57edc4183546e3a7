CREATE OR REPLACE VIEW current_resource_tags AS
SELECT resource_tags.*
FROM resource_tags
LEFT JOIN last_readings AS reading
  ON reading.stream = 'resource_tags'
  AND reading.account_id = resource_tags.account_id
  AND reading.region = resource_tags.region
  AND reading.catalog_id = '*'
  AND reading.database_name = '*'
WHERE COALESCE(resource_tags._sdc_extracted_at >= reading.full_started_at, TRUE);

CREATE OR REPLACE VIEW current_lf_tags AS
SELECT lf_tags.*
FROM lf_tags
LEFT JOIN last_readings AS reading
  ON reading.stream = 'lf_tags'
  AND reading.account_id = lf_tags.account_id
  AND reading.region = lf_tags.region
  AND reading.catalog_id = lf_tags.catalog_id
  AND reading.database_name = lf_tags.database_name
JOIN current_databases AS parent
  ON parent.account_id = lf_tags.account_id
  AND parent.region = lf_tags.region
  AND parent.catalog_id = lf_tags.catalog_id
  AND parent.name = lf_tags.database_name
WHERE COALESCE(lf_tags._sdc_extracted_at >= reading.full_started_at, TRUE);

CREATE OR REPLACE VIEW current_lf_permissions AS
SELECT lf_permissions.*
FROM lf_permissions
LEFT JOIN last_readings AS reading
  ON reading.stream = 'lf_permissions'
  AND reading.account_id = lf_permissions.account_id
  AND reading.region = lf_permissions.region
  AND reading.catalog_id = lf_permissions.catalog_id
  AND reading.database_name = '*'
LEFT JOIN current_catalogs AS parent
  ON parent.account_id = lf_permissions.account_id
  AND parent.region = lf_permissions.region
  AND parent.catalog_id = lf_permissions.catalog_id
WHERE COALESCE(lf_permissions._sdc_extracted_at >= reading.full_started_at, TRUE)
  AND (lf_permissions.catalog_id NOT LIKE '%:%' OR parent.catalog_id IS NOT NULL);

CREATE OR REPLACE VIEW current_resource_policies AS
SELECT resource_policies.*
FROM resource_policies
LEFT JOIN last_readings AS reading
  ON reading.stream = 'resource_policies'
  AND reading.account_id = resource_policies.account_id
  AND reading.region = resource_policies.region
  AND reading.catalog_id = '*'
  AND reading.database_name = '*'
WHERE COALESCE(resource_policies._sdc_extracted_at >= reading.full_started_at, TRUE);

CREATE OR REPLACE VIEW current_catalog_encryption_settings AS
SELECT catalog_encryption_settings.*
FROM catalog_encryption_settings
LEFT JOIN last_readings AS reading
  ON reading.stream = 'catalog_encryption_settings'
  AND reading.account_id = catalog_encryption_settings.account_id
  AND reading.region = catalog_encryption_settings.region
  AND reading.catalog_id = catalog_encryption_settings.catalog_id
  AND reading.database_name = '*'
LEFT JOIN current_catalogs AS parent
  ON parent.account_id = catalog_encryption_settings.account_id
  AND parent.region = catalog_encryption_settings.region
  AND parent.catalog_id = catalog_encryption_settings.catalog_id
WHERE COALESCE(catalog_encryption_settings._sdc_extracted_at >= reading.full_started_at, TRUE)
  AND (catalog_encryption_settings.catalog_id NOT LIKE '%:%' OR parent.catalog_id IS NOT NULL);

CREATE OR REPLACE VIEW current_glossaries AS
SELECT glossaries.*
FROM glossaries
LEFT JOIN last_readings AS reading
  ON reading.stream = 'glossaries'
  AND reading.account_id = glossaries.account_id
  AND reading.region = glossaries.region
  AND reading.catalog_id = '*'
  AND reading.database_name = '*'
WHERE COALESCE(glossaries._sdc_extracted_at >= reading.full_started_at, TRUE);

CREATE OR REPLACE VIEW current_glossary_terms AS
SELECT glossary_terms.*
FROM glossary_terms
LEFT JOIN last_readings AS reading
  ON reading.stream = 'glossary_terms'
  AND reading.account_id = glossary_terms.account_id
  AND reading.region = glossary_terms.region
  AND reading.catalog_id = '*'
  AND reading.database_name = '*'
WHERE COALESCE(glossary_terms._sdc_extracted_at >= reading.full_started_at, TRUE);

CREATE OR REPLACE VIEW current_assets AS
SELECT assets.*
FROM assets
LEFT JOIN last_readings AS reading
  ON reading.stream = 'assets'
  AND reading.account_id = assets.account_id
  AND reading.region = assets.region
  AND reading.catalog_id = '*'
  AND reading.database_name = '*'
WHERE COALESCE(assets._sdc_extracted_at >= reading.full_started_at, TRUE);

CREATE OR REPLACE VIEW lost_governance AS
SELECT COALESCE(held.row_count, 0) AS row_count, unit.*
FROM current_units AS unit
LEFT JOIN (
  SELECT 'resource_tags' AS stream, account_id, region, '*' AS catalog_id, '*' AS database_name, COUNT(*) AS row_count
  FROM current_resource_tags AS resource_tags
  GROUP BY 1, 2, 3, 4, 5
  UNION ALL
  SELECT 'lf_tags' AS stream, account_id, region, lf_tags.catalog_id AS catalog_id, lf_tags.database_name AS database_name, COUNT(*) AS row_count
  FROM current_lf_tags AS lf_tags
  GROUP BY 1, 2, 3, 4, 5
  UNION ALL
  SELECT 'lf_permissions' AS stream, account_id, region, lf_permissions.catalog_id AS catalog_id, '*' AS database_name, COUNT(*) AS row_count
  FROM current_lf_permissions AS lf_permissions
  GROUP BY 1, 2, 3, 4, 5
  UNION ALL
  SELECT 'resource_policies' AS stream, account_id, region, '*' AS catalog_id, '*' AS database_name, COUNT(*) AS row_count
  FROM current_resource_policies AS resource_policies
  GROUP BY 1, 2, 3, 4, 5
  UNION ALL
  SELECT 'catalog_encryption_settings' AS stream, account_id, region, catalog_encryption_settings.catalog_id AS catalog_id, '*' AS database_name, COUNT(*) AS row_count
  FROM current_catalog_encryption_settings AS catalog_encryption_settings
  GROUP BY 1, 2, 3, 4, 5
  UNION ALL
  SELECT 'glossaries' AS stream, account_id, region, '*' AS catalog_id, '*' AS database_name, COUNT(*) AS row_count
  FROM current_glossaries AS glossaries
  GROUP BY 1, 2, 3, 4, 5
  UNION ALL
  SELECT 'glossary_terms' AS stream, account_id, region, '*' AS catalog_id, '*' AS database_name, COUNT(*) AS row_count
  FROM current_glossary_terms AS glossary_terms
  GROUP BY 1, 2, 3, 4, 5
  UNION ALL
  SELECT 'assets' AS stream, account_id, region, '*' AS catalog_id, '*' AS database_name, COUNT(*) AS row_count
  FROM current_assets AS assets
  GROUP BY 1, 2, 3, 4, 5
) AS held
  ON held.account_id = unit.account_id
  AND held.region = unit.region
  AND held.stream = unit.stream
  AND held.catalog_id = unit.catalog_id
  AND held.database_name = unit.database_name
WHERE unit.stream IN ('resource_tags', 'lf_tags', 'lf_permissions', 'resource_policies', 'catalog_encryption_settings', 'glossaries', 'glossary_terms', 'assets')
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
