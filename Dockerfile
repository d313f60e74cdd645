# The gateway: HTTP in, JSON out. No torch, no Celery, no pip.
#   docker build -t genart-gateway .
# BASE is a Debian with Python >= 3.11 and its venv module. To pin it for good, name it by its digest:
#   --build-arg BASE=python@sha256:…
ARG BASE=python:3.12.12-slim-bookworm

FROM ${BASE} AS dependencies
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python3 -m venv /pip && python3 -m venv --without-pip /venv
COPY requirements-gateway.lock /
RUN /pip/bin/pip --python /venv/bin/python install --require-hashes -r /requirements-gateway.lock

# The project goes into a tree of its own: a new version of it is a new layer of a few megabytes.
FROM dependencies AS project
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY genart_core genart_core
COPY api api
COPY worker worker
COPY cli cli
RUN /pip/bin/pip --python /venv/bin/python install --no-deps --no-build-isolation --prefix /project . \
    && /pip/bin/pip --python /venv/bin/python uninstall --yes setuptools

FROM ${BASE}
LABEL org.opencontainers.image.title="genart gateway" org.opencontainers.image.licenses="MIT"
RUN groupadd --gid 10001 genart \
    && useradd --uid 10001 --gid genart --no-log-init --no-create-home --home-dir /data genart \
    && install -d -o genart -g genart -m 0750 /data /keys
COPY --from=project /venv /venv
COPY --from=project /project /venv
ENV PATH=/venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    GENART_HOME=/data GENART_HOST=0.0.0.0
# By number: Kubernetes can't tell of a name that it is not root.
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=15s \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(f\"http://127.0.0.1:{os.environ.get('GENART_PORT', 8000)}/livez\", timeout=3)"]
ENTRYPOINT ["genart"]
CMD ["api"]
