# The service, with its pages, on Debian: `docker build -t peergraph .`, or `docker compose up` for all that goes with it.
FROM python:3.11-slim-bookworm AS built
WORKDIR /app
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
COPY requirements-serve.lock ./
RUN python -m venv .venv && .venv/bin/python -m pip install --require-hashes -r requirements-serve.lock
COPY server/__init__.py server/pages.py server/
COPY server/graphiql/ server/graphiql/
COPY examples/profile-page/ examples/profile-page/
COPY schema/schema.graphql schema/
# With a Python of its own for Node.js, which the service does not need.
RUN python -m venv /node && /node/bin/python -m pip install --require-hashes -r requirements-serve.lock \
    && /node/bin/python -m server.pages --required

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --no-create-home peergraph && install -d -o peergraph /app/data
WORKDIR /app
ENV PATH=/app/.venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
COPY --from=built /app/.venv .venv
COPY LICENSE README.md pyproject.toml ./
COPY models/ models/
COPY resolvers/ resolvers/
COPY schema/ schema/
COPY execution/ execution/
COPY importers/ importers/
COPY server/ server/
COPY --from=built /app/server/graphiql/dist server/graphiql/dist
COPY --from=built /app/examples/profile-page/dist examples/profile-page/dist
USER 10001
VOLUME /app/data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/readyz', timeout=2)"]
ENTRYPOINT ["python", "-m", "server"]
CMD ["serve", "--host", "0.0.0.0"]
