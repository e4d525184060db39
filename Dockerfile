# The images of the site: a page's (--build-arg PAGE=barchart) and the gateway's (--target gateway).

# --- packages, installed where the runtime will find them; pip itself stays behind
FROM python:3.13-slim AS packages
WORKDIR /site
COPY requirements/runtime.txt requirements/
RUN --mount=type=cache,target=/root/.cache/pip \
    python -m venv --without-pip /venv \
    && pip --python /venv/bin/python install --quiet --require-hashes --requirement requirements/runtime.txt

# --- the bundles of plotly.js that pages.toml names, each with the checksum that is written down for it
FROM node:24-slim AS bundles
WORKDIR /bundles
COPY requirements/plotly-bundles.txt requirements/plotly-bundles.sh pages.toml ./
RUN sh plotly-bundles.sh

# --- scripts and styles that all pages share, compressed; they change with the packages alone
FROM packages AS shared
COPY --from=bundles /bundles/*.min.js shared/bundles/
COPY portico/assets portico/assets
RUN /venv/bin/python -m portico.assets.build shared

# --- what every page shares; bytecode is compiled here, since a container's root is read-only
FROM packages AS library
COPY pages.toml ./
COPY services/__init__.py services/
COPY portico portico
COPY --from=shared /site/shared shared
RUN /venv/bin/python -m portico.assets.build shared
# By hash and not by date: the same sources give the same layer.
RUN /venv/bin/python -m compileall -q --invalidation-mode unchecked-hash portico services

# --- the gateway's configuration, error pages and shared assets, from pages.toml
FROM library AS gateway-files
COPY gateway gateway
RUN /venv/bin/python -m gateway.nginx /gateway

FROM nginx:1.30 AS gateway
COPY --from=gateway-files /gateway/templates /etc/nginx/templates
COPY --from=gateway-files /gateway/files /usr/share/portico
# A tmpfs takes its mode from the folder it lies on when a container is started again.
USER root
RUN install --directory --mode 1777 /var/cache/portico
COPY --chmod=755 gateway/nginx/start.sh /usr/local/bin/start-gateway
COPY --chmod=755 gateway/nginx/health.sh /usr/local/bin/gateway-health
# The image's own entrypoint, which start-gateway runs, fills in the template.
ENV NGINX_ENVSUBST_OUTPUT_DIR=/tmp \
    NGINX_ENVSUBST_FILTER=^(PORTICO_DNS_SUFFIX|GATEWAY_) \
    PORTICO_DNS_SUFFIX= \
    GATEWAY_DISCOVERY=discovery-dns \
    GATEWAY_WORKERS=auto \
    GATEWAY_LOG_LEVEL=crit \
    GATEWAY_CLIENT_LIMITS=on \
    GATEWAY_CLIENT_REQUESTS=100 \
    GATEWAY_CLIENT_BURST=1000 \
    GATEWAY_CLIENT_CONNECTIONS=200 \
    GATEWAY_TRUSTED_PROXY=none \
    GATEWAY_START_SECONDS=60
USER 101:101
EXPOSE 8080
ENTRYPOINT ["/usr/local/bin/start-gateway"]

# --- the name server that tells nginx which replicas are well
FROM python:3.13-slim AS discovery
WORKDIR /site
COPY pages.toml ./
COPY portico portico
COPY gateway gateway
ENV PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
USER 10001:10001
EXPOSE 5353/udp
CMD ["python", "-m", "gateway.discovery"]

# --- a page: all layers but the last are the same for every one
FROM python:3.13-slim AS page
WORKDIR /site
COPY --from=packages /venv /venv
COPY --from=library /site /site
# A named volume takes its owner from the folder that it is mounted over.
RUN install --directory --owner 10001 --group 10001 --mode 700 /site/spill
ENV PATH=/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOST=0.0.0.0 \
    PORTICO_SPILL=/site/spill \
    MALLOC_ARENA_MAX=2 \
    PORT=8000 \
    PORTICO_DRAINING_FILE=/tmp/draining \
    PORTICO_DRAIN_SECONDS=3
# A named volume that is mounted here takes over the owner, so a page may write to it: docs/architecture.md, "What a page keeps"
RUN install --directory --owner 10001 --group 10001 state
USER 10001:10001
EXPOSE 8000
ENTRYPOINT ["/site/portico/serving/drain.sh"]
CMD ["python", "-m", "portico"]
ARG PAGE
ENV PORTICO_PAGES=$PAGE
COPY services/$PAGE services/$PAGE
