# One image per room: docker build --target node|api|worker|operator|loadtest .
# Python packages come as uv.lock names them, each by its hash, and so does uv itself; nothing else is downloaded.
ARG PYTHON_IMAGE=python:3.11-slim-bookworm

FROM ${PYTHON_IMAGE} AS build
ENV UV_PYTHON_DOWNLOADS=never UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_NO_CACHE=1 \
    UV_PROJECT_ENVIRONMENT=/opt/voltring PATH=/opt/uv/bin:$PATH
WORKDIR /src
RUN echo "uv==0.13.9 \
      --hash=sha256:d7f459fe4fd247d830351c75686d3996ace3c6f3f728eb0e85a30b7ada0cef19 \
      --hash=sha256:5435c5ce14a56431208ca0996416d310f1598e8c2c8ba707688985a16bb82dbe \
      --hash=sha256:ecb6028d79dc96fbeafffe5c8af62a7099487ebc05a701e76714eebcffd06375" > /tmp/uv.txt \
    && python3 -m pip install --no-cache-dir --no-deps --only-binary=:all: --require-hashes \
      --target /opt/uv -r /tmp/uv.txt
COPY pyproject.toml uv.lock ./

FROM build AS wheel
RUN UV_PROJECT_ENVIRONMENT=/opt/build uv sync --frozen --only-group build
COPY README.md LICENSE ./
COPY core core
COPY ocpp_node ocpp_node
COPY api api
COPY worker worker
COPY operator operator
COPY local local
COPY loadtest loadtest
RUN uv build --wheel --no-build-isolation --python /opt/build/bin/python --out-dir /wheel

# The dependencies of one room, then the one wheel: a change of the code makes the last layer only.
FROM build AS build-node
RUN uv sync --frozen --no-default-groups --no-install-project --extra node --extra tracing
COPY --from=wheel /wheel /wheel
RUN uv pip install --no-deps --python /opt/voltring /wheel/*.whl

FROM build AS build-api
RUN uv sync --frozen --no-default-groups --no-install-project --extra api --extra tracing
COPY --from=wheel /wheel /wheel
RUN uv pip install --no-deps --python /opt/voltring /wheel/*.whl

FROM build AS build-worker
RUN uv sync --frozen --no-default-groups --no-install-project --extra worker --extra tracing
COPY --from=wheel /wheel /wheel
RUN uv pip install --no-deps --python /opt/voltring /wheel/*.whl

FROM build AS build-operator
RUN uv sync --frozen --no-default-groups --no-install-project --extra operator
COPY --from=wheel /wheel /wheel
RUN uv pip install --no-deps --python /opt/voltring /wheel/*.whl

FROM build AS build-loadtest
RUN uv sync --frozen --no-default-groups --no-install-project --extra loadtest
COPY --from=wheel /wheel /wheel
RUN uv pip install --no-deps --python /opt/voltring /wheel/*.whl

# What every room's image shares. Nothing is written at run time, so the root file system may be read-only.
FROM ${PYTHON_IMAGE} AS runtime
ARG VERSION=0.1.0
ARG REVISION=unknown
ARG CREATED=1970-01-01T00:00:00Z
LABEL org.opencontainers.image.title="Voltring" \
      org.opencontainers.image.description="A charging station management system that runs as a sharded fleet" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"
# The number has no line in /etc/passwd, and some libraries ask for a name.
ENV PATH=/opt/voltring/bin:$PATH HOME=/opt/voltring USER=voltring PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    VOLTRING_ADMIN_HOST=0.0.0.0 VOLTRING_ADMIN_PORT=9001
WORKDIR /opt/voltring
USER 10001:10001
STOPSIGNAL SIGTERM
ENTRYPOINT ["voltring"]

FROM runtime AS node
COPY --from=build-node /opt/voltring /opt/voltring
# `docker stop` gives ten seconds: the drain has to fit. The chart gives more of both.
ENV VOLTRING_STOP_SECONDS=6
EXPOSE 9000 9001
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s CMD ["python3", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:9001/healthz', timeout=2)"]
CMD ["node"]

FROM runtime AS api
COPY --from=build-api /opt/voltring /opt/voltring
ENV VOLTRING_API_HOST=0.0.0.0
EXPOSE 8080 9001
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s CMD ["python3", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:9001/healthz', timeout=2)"]
CMD ["api"]

FROM runtime AS worker
COPY --from=build-worker /opt/voltring /opt/voltring
EXPOSE 9001
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s CMD ["python3", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:9001/healthz', timeout=2)"]
CMD ["worker"]

FROM runtime AS operator
COPY --from=build-operator /opt/voltring /opt/voltring
EXPOSE 9001
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s CMD ["python3", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:9001/healthz', timeout=2)"]
CMD ["operator"]

FROM runtime AS loadtest
COPY --from=build-loadtest /opt/voltring /opt/voltring
CMD ["loadtest", "--help"]
