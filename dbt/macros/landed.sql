{#- The rows of a stream, however they landed. One that did not land has no rows. -#}
{% macro landed(stream) %}
  {%- if not execute -%}
    SELECT 1
  {%- elif target.name == 'jsonl' -%}
    {{ latest_of_files(stream) }}
  {%- elif load_relation(stream) -%}
    SELECT * FROM {{ stream }}
  {%- else -%}
    {{ no_rows(stream) }}
  {%- endif -%}
{% endmacro %}

{#- Files hold the rows of every run: the last one counts. Targets that write databases add
    _sdc_extracted_at; here it is when the run's last unit was complete. -#}
{% macro latest_of_files(stream) %}
  SELECT held.* EXCLUDE (_run), (
    SELECT MAX(done.completed_at)
    FROM ({{ rows_of_files(source('glue', 'extractions')) }}) AS done
    WHERE done.account_id = held.account_id AND done.region = held.region AND done._run <= held._run
  ) AS _sdc_extracted_at
  FROM ({{ rows_of_files(stream) }}) AS held
  QUALIFY ROW_NUMBER() OVER (
    PARTITION BY {{ declaration(stream).config.meta.primary_key | join(', ') }} ORDER BY held._run DESC
  ) = 1
{% endmacro %}

{#- A run is what its file names have in common. -#}
{% macro rows_of_files(stream) %}
  {%- set folder = env_var('TARGET_JSONL_DESTINATION_PATH', '../output') -%}
  {%- set files = "'" ~ folder ~ '/**/' ~ stream.identifier ~ "[-.]*jsonl'" -%}
  {%- if run_query('SELECT COUNT(*) FROM GLOB(' ~ files ~ ')')[0][0] -%}
    SELECT * EXCLUDE (filename), REGEXP_REPLACE(filename, '{{ stream.identifier }}([^/\\]*)$', '\1') AS _run
    FROM READ_JSON({{ files }}, format = 'newline_delimited', filename = TRUE, columns = {
      {%- for column in declaration(stream).columns.values() %}"{{ column.name }}": '{{ column.data_type }}'
      {%- if not loop.last %}, {% endif %}{% endfor -%}
    })
  {%- else -%}
    SELECT *, '' AS _run FROM ({{ no_rows(stream) }}) AS nothing
  {%- endif -%}
{% endmacro %}

{#- Without extractions, which is in every run, the place is wrong, and all would seem dropped. -#}
{% macro no_rows(stream) %}
  {%- if stream.identifier == 'extractions' -%}
    {{ exceptions.raise_compiler_error(
      'The stream extractions is not there. Load the streams of tap-glue-metadata first, or say where they are: see docs/warehouse.md.'
    ) }}
  {%- endif -%}
  SELECT
  {%- for column in declaration(stream).columns.values() %}
    CAST(NULL AS {{ column.data_type }}) AS "{{ column.name }}",
  {%- endfor %}
    CAST(NULL AS TIMESTAMP) AS _sdc_extracted_at
  WHERE FALSE
{% endmacro %}

{#- The source as declared, with its columns. -#}
{% macro declaration(stream) %}
  {{- return(graph.sources['source.dbt_glue_metadata.glue.' ~ stream.identifier]) -}}
{% endmacro %}
