CREATE OR REPLACE VIEW current_triggers AS
SELECT triggers.*
FROM triggers
LEFT JOIN last_readings AS reading
  ON reading.stream = 'triggers'
  AND reading.account_id = triggers.account_id
  AND reading.region = triggers.region
  AND reading.catalog_id = '*'
  AND reading.database_name = '*'
WHERE COALESCE(triggers._sdc_extracted_at >= reading.full_started_at, TRUE);

CREATE OR REPLACE VIEW current_crawlers AS
SELECT crawlers.*
FROM crawlers
LEFT JOIN last_readings AS reading
  ON reading.stream = 'crawlers'
  AND reading.account_id = crawlers.account_id
  AND reading.region = crawlers.region
  AND reading.catalog_id = '*'
  AND reading.database_name = '*'
WHERE COALESCE(crawlers._sdc_extracted_at >= reading.full_started_at, TRUE)
  AND COALESCE(crawlers.last_updated IS NOT NULL OR crawlers._sdc_extracted_at >= reading.started_at, TRUE);

CREATE OR REPLACE VIEW current_connections AS
SELECT connections.*
FROM connections
LEFT JOIN last_readings AS reading
  ON reading.stream = 'connections'
  AND reading.account_id = connections.account_id
  AND reading.region = connections.region
  AND reading.catalog_id = connections.catalog_id
  AND reading.database_name = '*'
LEFT JOIN current_catalogs AS parent
  ON parent.account_id = connections.account_id
  AND parent.region = connections.region
  AND parent.catalog_id = connections.catalog_id
WHERE COALESCE(connections._sdc_extracted_at >= reading.full_started_at, TRUE)
  AND COALESCE(connections.last_updated_time IS NOT NULL OR connections._sdc_extracted_at >= reading.started_at, TRUE)
  AND (connections.catalog_id NOT LIKE '%:%' OR parent.catalog_id IS NOT NULL);

CREATE OR REPLACE VIEW current_classifiers AS
SELECT classifiers.*
FROM classifiers
LEFT JOIN last_readings AS reading
  ON reading.stream = 'classifiers'
  AND reading.account_id = classifiers.account_id
  AND reading.region = classifiers.region
  AND reading.catalog_id = '*'
  AND reading.database_name = '*'
WHERE COALESCE(classifiers._sdc_extracted_at >= reading.full_started_at, TRUE);

CREATE OR REPLACE VIEW current_blueprints AS
SELECT blueprints.*
FROM blueprints
LEFT JOIN last_readings AS reading
  ON reading.stream = 'blueprints'
  AND reading.account_id = blueprints.account_id
  AND reading.region = blueprints.region
  AND reading.catalog_id = '*'
  AND reading.database_name = '*'
WHERE COALESCE(blueprints._sdc_extracted_at >= reading.full_started_at, TRUE)
  AND COALESCE(blueprints.last_modified_on IS NOT NULL OR blueprints._sdc_extracted_at >= reading.started_at, TRUE);

CREATE OR REPLACE VIEW current_dev_endpoints AS
SELECT dev_endpoints.*
FROM dev_endpoints
LEFT JOIN last_readings AS reading
  ON reading.stream = 'dev_endpoints'
  AND reading.account_id = dev_endpoints.account_id
  AND reading.region = dev_endpoints.region
  AND reading.catalog_id = '*'
  AND reading.database_name = '*'
WHERE COALESCE(dev_endpoints._sdc_extracted_at >= reading.full_started_at, TRUE);

CREATE OR REPLACE VIEW current_ml_transforms AS
SELECT ml_transforms.*
FROM ml_transforms
LEFT JOIN last_readings AS reading
  ON reading.stream = 'ml_transforms'
  AND reading.account_id = ml_transforms.account_id
  AND reading.region = ml_transforms.region
  AND reading.catalog_id = '*'
  AND reading.database_name = '*'
WHERE COALESCE(ml_transforms._sdc_extracted_at >= reading.full_started_at, TRUE)
  AND COALESCE(ml_transforms.last_modified_on IS NOT NULL OR ml_transforms._sdc_extracted_at >= reading.started_at, TRUE);

CREATE OR REPLACE VIEW current_security_configurations AS
SELECT security_configurations.*
FROM security_configurations
LEFT JOIN last_readings AS reading
  ON reading.stream = 'security_configurations'
  AND reading.account_id = security_configurations.account_id
  AND reading.region = security_configurations.region
  AND reading.catalog_id = '*'
  AND reading.database_name = '*'
WHERE COALESCE(security_configurations._sdc_extracted_at >= reading.full_started_at, TRUE);

CREATE OR REPLACE VIEW current_data_quality_rulesets AS
SELECT data_quality_rulesets.*
FROM data_quality_rulesets
LEFT JOIN last_readings AS reading
  ON reading.stream = 'data_quality_rulesets'
  AND reading.account_id = data_quality_rulesets.account_id
  AND reading.region = data_quality_rulesets.region
  AND reading.catalog_id = '*'
  AND reading.database_name = '*'
WHERE COALESCE(data_quality_rulesets._sdc_extracted_at >= reading.full_started_at, TRUE)
  AND COALESCE(data_quality_rulesets.last_modified_on IS NOT NULL OR data_quality_rulesets._sdc_extracted_at >= reading.started_at, TRUE);

CREATE OR REPLACE VIEW current_usage_profiles AS
SELECT usage_profiles.*
FROM usage_profiles
LEFT JOIN last_readings AS reading
  ON reading.stream = 'usage_profiles'
  AND reading.account_id = usage_profiles.account_id
  AND reading.region = usage_profiles.region
  AND reading.catalog_id = '*'
  AND reading.database_name = '*'
WHERE COALESCE(usage_profiles._sdc_extracted_at >= reading.full_started_at, TRUE)
  AND COALESCE(usage_profiles.last_modified_on IS NOT NULL OR usage_profiles._sdc_extracted_at >= reading.started_at, TRUE);

CREATE OR REPLACE VIEW current_sessions AS
SELECT sessions.*
FROM sessions
LEFT JOIN last_readings AS reading
  ON reading.stream = 'sessions'
  AND reading.account_id = sessions.account_id
  AND reading.region = sessions.region
  AND reading.catalog_id = '*'
  AND reading.database_name = '*'
WHERE COALESCE(sessions._sdc_extracted_at >= reading.full_started_at, TRUE);

CREATE OR REPLACE VIEW current_integrations AS
SELECT integrations.*
FROM integrations
LEFT JOIN last_readings AS reading
  ON reading.stream = 'integrations'
  AND reading.account_id = integrations.account_id
  AND reading.region = integrations.region
  AND reading.catalog_id = '*'
  AND reading.database_name = '*'
WHERE COALESCE(integrations._sdc_extracted_at >= reading.full_started_at, TRUE);

CREATE OR REPLACE VIEW lost_etl AS
SELECT COALESCE(held.row_count, 0) AS row_count, unit.*
FROM current_units AS unit
LEFT JOIN (
  SELECT 'triggers' AS stream, account_id, region, '*' AS catalog_id, '*' AS database_name, COUNT(*) AS row_count
  FROM current_triggers AS triggers
  GROUP BY 1, 2, 3, 4, 5
  UNION ALL
  SELECT 'crawlers' AS stream, account_id, region, '*' AS catalog_id, '*' AS database_name, COUNT(*) AS row_count
  FROM current_crawlers AS crawlers
  GROUP BY 1, 2, 3, 4, 5
  UNION ALL
  SELECT 'connections' AS stream, account_id, region, connections.catalog_id AS catalog_id, '*' AS database_name, COUNT(*) AS row_count
  FROM current_connections AS connections
  GROUP BY 1, 2, 3, 4, 5
  UNION ALL
  SELECT 'classifiers' AS stream, account_id, region, '*' AS catalog_id, '*' AS database_name, COUNT(*) AS row_count
  FROM current_classifiers AS classifiers
  GROUP BY 1, 2, 3, 4, 5
  UNION ALL
  SELECT 'blueprints' AS stream, account_id, region, '*' AS catalog_id, '*' AS database_name, COUNT(*) AS row_count
  FROM current_blueprints AS blueprints
  GROUP BY 1, 2, 3, 4, 5
  UNION ALL
  SELECT 'dev_endpoints' AS stream, account_id, region, '*' AS catalog_id, '*' AS database_name, COUNT(*) AS row_count
  FROM current_dev_endpoints AS dev_endpoints
  GROUP BY 1, 2, 3, 4, 5
  UNION ALL
  SELECT 'ml_transforms' AS stream, account_id, region, '*' AS catalog_id, '*' AS database_name, COUNT(*) AS row_count
  FROM current_ml_transforms AS ml_transforms
  GROUP BY 1, 2, 3, 4, 5
  UNION ALL
  SELECT 'security_configurations' AS stream, account_id, region, '*' AS catalog_id, '*' AS database_name, COUNT(*) AS row_count
  FROM current_security_configurations AS security_configurations
  GROUP BY 1, 2, 3, 4, 5
  UNION ALL
  SELECT 'data_quality_rulesets' AS stream, account_id, region, '*' AS catalog_id, '*' AS database_name, COUNT(*) AS row_count
  FROM current_data_quality_rulesets AS data_quality_rulesets
  GROUP BY 1, 2, 3, 4, 5
  UNION ALL
  SELECT 'usage_profiles' AS stream, account_id, region, '*' AS catalog_id, '*' AS database_name, COUNT(*) AS row_count
  FROM current_usage_profiles AS usage_profiles
  GROUP BY 1, 2, 3, 4, 5
  UNION ALL
  SELECT 'sessions' AS stream, account_id, region, '*' AS catalog_id, '*' AS database_name, COUNT(*) AS row_count
  FROM current_sessions AS sessions
  GROUP BY 1, 2, 3, 4, 5
  UNION ALL
  SELECT 'integrations' AS stream, account_id, region, '*' AS catalog_id, '*' AS database_name, COUNT(*) AS row_count
  FROM current_integrations AS integrations
  GROUP BY 1, 2, 3, 4, 5
) AS held
  ON held.account_id = unit.account_id
  AND held.region = unit.region
  AND held.stream = unit.stream
  AND held.catalog_id = unit.catalog_id
  AND held.database_name = unit.database_name
WHERE unit.stream IN ('triggers', 'crawlers', 'connections', 'classifiers', 'blueprints', 'dev_endpoints', 'ml_transforms', 'security_configurations', 'data_quality_rulesets', 'usage_profiles', 'sessions', 'integrations')
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
