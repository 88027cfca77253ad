# One image for code location, webserver, daemon and one-off jobs; see docs/deploying.md.
# To pin the base by digest: --build-arg PYTHON=python@sha256:...
ARG PYTHON=python:3.11.14-slim-bookworm

FROM ${PYTHON} AS build
WORKDIR /src
COPY requirements-prod.lock ./
RUN python -m venv /opt/wxyc
RUN /opt/wxyc/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes \
    --only-binary :all: -r requirements-prod.lock
COPY pyproject.toml ./
COPY wxyc_assets ./wxyc_assets
RUN /opt/wxyc/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps \
    --no-build-isolation . \
    && /opt/wxyc/bin/pip uninstall --quiet --yes setuptools pip \
    && rm /opt/wxyc/bin/wxyc-sandbox
RUN mkdir -p /var/lib/dagster/storage
COPY deploy/dagster.yaml deploy/workspace.yaml /var/lib/dagster/

FROM ${PYTHON}
COPY --from=build /opt/wxyc /opt/wxyc
COPY --from=build --chown=10001:10001 /var/lib/dagster /var/lib/dagster
ENV PATH=/opt/wxyc/bin:/usr/local/bin:/usr/bin:/bin \
    HOME=/tmp \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DAGSTER_EVENT_BATCH_SIZE=1000
# A numeric uid needs no account, and lets an orchestrator see that it is not root.
USER 10001:10001
WORKDIR /tmp
EXPOSE 4000
HEALTHCHECK --interval=30s --timeout=20s --start-period=60s --retries=3 \
    CMD ["dagster", "api", "grpc-health-check", "--port", "4000"]
CMD ["dagster", "api", "grpc", "--host", "0.0.0.0", "--port", "4000", \
    "--module-name", "wxyc_assets.definitions", "--inject-env-vars-from-instance"]
