# The gateway: HTTP in, JSON out. No torch, no Celery.
#   docker build -t genart-gateway .
ARG BASE=python:3.12-slim
FROM ${BASE}

ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /app

COPY requirements-gateway.lock ./
RUN python3 -m venv /venv && /venv/bin/pip install --require-hashes -r requirements-gateway.lock

COPY pyproject.toml README.md LICENSE ./
COPY genart_core genart_core
COPY api api
COPY worker worker
COPY cli cli
RUN /venv/bin/pip install --no-deps --no-build-isolation . \
    && useradd --uid 10001 --create-home genart \
    && install -d -o genart /data

USER 10001
ENV PATH=/venv/bin:$PATH GENART_HOME=/data GENART_HOST=0.0.0.0
WORKDIR /data
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
    CMD ["python3", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/livez', timeout=2)"]
ENTRYPOINT ["genart"]
CMD ["api"]
