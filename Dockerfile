# The service, by itself: docker build -t lintel . ; compose.yaml puts it together with all it needs.
# Settings come from the environment (.env.production). Everything it keeps is in the volume /data; beside that it writes
# temporary files only, so `--read-only --tmpfs /tmp` works.

FROM python:3.13-slim-trixie AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build
# The lock first: as long as it stays, so does this layer.
COPY requirements/service.lock ./
RUN python -m venv /opt/venv \
 && /opt/venv/bin/python -m pip install --require-hashes --only-binary :all: --no-compile -r service.lock
COPY pyproject.toml README.md LICENSE ./
COPY src src
# The library as its wheel; then what built it leaves again.
RUN /opt/venv/bin/python -m pip install --no-index --no-deps --no-build-isolation --no-compile . \
 && /opt/venv/bin/python -m pip check \
 && /opt/venv/bin/python -m pip uninstall --yes hatchling editables pathspec pluggy trove-classifiers pip \
 && /opt/venv/bin/python -m compileall -q /opt/venv/lib

FROM python:3.13-slim-trixie
LABEL org.opencontainers.image.title="Lintel" \
      org.opencontainers.image.description="A production FastAPI service: accounts, and an API that reads texts" \
      org.opencontainers.image.licenses="MIT AND Apache-2.0"
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOME=/data \
    HOST=0.0.0.0 \
    PORT=8000 \
    DATA_DIR=/data
COPY --from=build /opt/venv /opt/venv
WORKDIR /srv
COPY alembic.ini ./
COPY alembic alembic
COPY app app
RUN python -m compileall -q app alembic \
 && install -d -m 0700 -o 10001 -g 10001 /data
# A number needs no account, and lets Kubernetes see that it is not root.
USER 10001:10001
VOLUME /data
EXPOSE 8000
# Alive, not ready: a database that is away is no reason to end the process. The shell fills in two settings.
HEALTHCHECK --interval=30s --timeout=10s --start-period=30s --start-interval=1s --retries=3 \
    CMD ["sh", "-c", "exec python -m lintel.probe http://127.0.0.1:$PORT/health --host \"$ALLOWED_HOSTS\""]
# In-flight requests get SHUTDOWN_GRACE_SECONDS (20) after it: stop with a longer time-out than that.
STOPSIGNAL SIGTERM
CMD ["python", "-m", "app", "serve"]
