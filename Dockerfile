# One image for code location, webserver, daemon and one-off jobs; see docs/deploying.md.
# To pin the base by digest: --build-arg PYTHON=python@sha256:...
ARG PYTHON=python:3.11.14-slim-bookworm

FROM ${PYTHON} AS tools
WORKDIR /src
COPY requirements-prod.lock ./
RUN python -m venv /opt/wxyc
RUN /opt/wxyc/bin/pip install --no-cache-dir --disable-pip-version-check --no-compile \
    --require-hashes --only-binary :all: -r requirements-prod.lock

# The layers are reproducible: bytecode that does not name its time, and files of 1970, their parent
# folders included.
FROM tools AS dependencies
RUN /opt/wxyc/bin/pip uninstall --quiet --yes setuptools pip \
    && find /opt/wxyc -depth -type d -name tests -exec rm -r {} + \
    && PYTHONHASHSEED=0 python -m compileall -qq -j 0 --invalidation-mode unchecked-hash \
        /opt/wxyc/lib \
    && mkdir -p /dependencies/opt && mv /opt/wxyc /dependencies/opt \
    && find /dependencies -exec touch --no-dereference --date @0 {} +

FROM tools AS package
COPY pyproject.toml ./
COPY wxyc_assets ./wxyc_assets
RUN /opt/wxyc/bin/pip install --no-cache-dir --disable-pip-version-check --no-compile --no-deps \
    --no-build-isolation --prefix /package/opt/wxyc . \
    && rm /package/opt/wxyc/bin/wxyc-sandbox \
    && PYTHONHASHSEED=0 python -m compileall -qq --invalidation-mode unchecked-hash \
        -s /package /package/opt/wxyc/lib
COPY --chmod=444 deploy/dagster.yaml deploy/workspace.yaml /package/var/lib/dagster/
RUN mkdir /package/var/lib/dagster/storage \
    && chown 10001:10001 /package/var/lib/dagster/storage \
    && find /package -exec touch --no-dereference --date @0 {} +

# The base without pip: nothing is installed at run time.
FROM ${PYTHON} AS base
RUN rm -rf /usr/local/bin/pip* /usr/local/bin/wheel /usr/local/lib/python3*/*-packages/* \
    /usr/local/lib/python3*/ensurepip /usr/lib/python3*/ensurepip /usr/share/python-wheels

FROM base AS image
COPY --link --from=dependencies /dependencies /
COPY --link --from=package /package /
ENV PATH=/opt/wxyc/bin:/usr/local/bin:/usr/bin:/bin \
    HOME=/tmp \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DAGSTER_EVENT_BATCH_SIZE=1000
# A numeric uid needs no account, and lets an orchestrator see that it is not root.
USER 10001:10001
WORKDIR /tmp
EXPOSE 4000
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --start-interval=2s --retries=3 \
    CMD ["python", "-m", "wxyc_assets.health_check", "code"]
CMD ["dagster", "api", "grpc", "--host", "0.0.0.0", "--port", "4000", \
    "--module-name", "wxyc_assets.definitions"]
ARG PYTHON
ARG REVISION=unknown
LABEL org.opencontainers.image.title="wxyc-assets" \
    org.opencontainers.image.description="WXYC's library coverage as data assets" \
    org.opencontainers.image.version="0.1.0" \
    org.opencontainers.image.revision="${REVISION}" \
    org.opencontainers.image.base.name="${PYTHON}"
