WITH uses AS (
  {%- for type in ['job', 'session'] %}
  SELECT users.account_id, users.region, used.name AS connection_name,
    '{{ type }}' AS used_by_type, users.{{ 'name' if type == 'job' else 'id' }} AS used_by
  FROM {{ ref('current_' ~ type ~ 's') }} AS users,
    {{ elements("users.connections -> 'connections'") }} AS used(name)
  UNION ALL
  {%- endfor %}
  {%- for targets in ['s3', 'jdbc', 'mongo_db', 'catalog', 'delta', 'iceberg', 'hudi'] %}
  SELECT users.account_id, users.region, (CAST(used.target AS JSON) ->> 'connection_name'),
    'crawler', users.name
  FROM {{ ref('current_crawlers') }} AS users,
    {{ elements("users.targets -> '" ~ targets ~ "_targets'") }} AS used(target)
  UNION ALL
  {%- endfor %}
  SELECT account_id, region, (parameters ->> 'connectionName'), 'table', database_name || '.' || name
  FROM {{ ref('current_tables') }}
)
SELECT DISTINCT account_id, region, COALESCE(known.name, uses.connection_name) AS connection_name,
  known.connection_type, uses.used_by_type, uses.used_by
FROM {{ ref('current_connections') }} AS known
FULL JOIN (
  SELECT *, connection_name AS name
  FROM uses
  WHERE connection_name IS NOT NULL
) AS uses USING (account_id, region, name)
