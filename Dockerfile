# Meltano with the tap and target-postgres. Settings come from TAP_GLUE_METADATA_* and
# TARGET_POSTGRES_*; credentials of AWS from the role of the pod or task, which boto3 finds by itself.
#   docker build --tag glue-metadata .
#   docker run --read-only --tmpfs /tmp --env TAP_GLUE_METADATA_AWS_REGIONS='["eu-west-1"]' glue-metadata
FROM python:3.13-slim

ENV MELTANO_PROJECT_ROOT=/project \
    MELTANO_SYS_DIR_ROOT=/tmp/meltano \
    HOME=/tmp

RUN pip install --no-cache-dir 'meltano[s3]==4.4.1'
WORKDIR /project
# What .dockerignore lets through: the tap, its definition and the locked versions.
COPY . .
RUN export MELTANO_SYS_DIR_ROOT=/project/.meltano UV_NO_CACHE=1 UV_COMPILE_BYTECODE=1 \
    && meltano install tap-glue-metadata target-postgres \
    && rm -rf /tmp/* .meltano/logs .meltano/run

# By number, for Kubernetes does not know names. It owns nothing of what is installed.
USER 65532:65532

# Meltano writes to its system directory only; what is installed stays where it is.
ENTRYPOINT ["sh", "-c", "mkdir -p $MELTANO_SYS_DIR_ROOT && ln -sfn /project/.meltano/extractors /project/.meltano/loaders $MELTANO_SYS_DIR_ROOT && exec meltano \"$@\"", "meltano"]
CMD ["run", "--no-install", "tap-glue-metadata", "target-postgres"]
