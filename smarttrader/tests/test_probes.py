import json
from datetime import timedelta

import pytest
from django.conf import settings as project_settings
from django.db import connection

from licensing.services import sealing
from notifications.models import Delivery
from smarttrader.jobs.models import JobRun
from smarttrader.jobs.partitions import ensure_partitions_ahead
from smarttrader.lib import clock
from smarttrader.lib.client_address import networks
from smarttrader.lib.keyring import generate_keyring
from smarttrader.lib.shared_counts import DIRECTORY_VARIABLE
from smarttrader.operations import readiness


@pytest.fixture(autouse=True)
def _counts_of_this_process(monkeypatch):
    """Forget that a test has loaded the web server's entry, which shares its counts."""
    monkeypatch.delenv(DIRECTORY_VARIABLE, raising=False)


TOKEN = "a token of forty characters, or there about"


def ready(client):
    response = client.get("/readyz")
    return response.status_code, json.loads(response.content)


def measured(client, **headers):
    response = client.get("/metrics", headers=headers)
    assert response.status_code == 200
    lines = response.content.decode().splitlines()
    return dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))


# --- Alive ----------------------------------------------------------------------------
def test_alive_asks_nobody(client):
    client.cookies[project_settings.SESSION_COOKIE_NAME] = "any"

    # Without the mark of the database, a query would raise.
    response = client.get("/healthz", HTTP_HOST="10.0.0.7:8000")

    assert (response.status_code, response.content) == (200, b"ok\n")
    assert response.cookies == {}


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_a_probe_is_not_posted_to(client, path):
    assert client.post(path).status_code == 405


# --- Ready ----------------------------------------------------------------------------
@pytest.fixture
def complete(transactional_db):
    ensure_partitions_ahead(now=clock.now())


@pytest.mark.usefixtures("complete")
def test_ready_when_all_is_there(client):
    assert ready(client) == (
        200,
        {
            "status": "ready",
            "checks": dict.fromkeys(
                ("database", "migrations", "license_keys", "partitions", "redis"), "ok"
            ),
        },
    )


@pytest.mark.usefixtures("complete")
def test_degraded_without_redis(client, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"

    status, told = ready(client)

    assert (status, told["status"], told["checks"]["redis"]) == (
        200,
        "degraded",
        "away",
    )


@pytest.mark.usefixtures("complete")
def test_unready_with_another_keyring(client, settings):
    sealing.check_keyring()
    settings.LICENSE_KEYRING = generate_keyring()

    status, told = ready(client)

    assert (status, told["checks"]["license_keys"]) == (503, "wrong")


@pytest.mark.usefixtures("complete")
def test_unready_while_a_migration_is_missing(client, monkeypatch):
    monkeypatch.setattr(readiness.CHECKS["migrations"], "_are_applied", False)
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM django_migrations WHERE app = 'billing'"
            " RETURNING name, applied"
        )
        rows = cursor.fetchall()
    try:
        status, told = ready(client)
    finally:
        with connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO django_migrations (app, name, applied)"
                " VALUES ('billing', %s, %s)",
                rows,
            )

    assert (status, told["checks"]["migrations"]) == (503, "wrong")


@pytest.mark.usefixtures("complete")
def test_unready_when_partitions_are_not_made_ahead():
    later = clock.now() + timedelta(days=40)

    found = readiness.readiness(now=later)

    assert (found.is_ready, found.checks["partitions"]) == (False, "wrong")


# --- Measures -------------------------------------------------------------------------
@pytest.mark.django_db
def test_measures_tell_of_jobs_work_and_partitions(client):
    now = clock.now()
    ensure_partitions_ahead(now=now)
    JobRun.objects.create(job="a.b", started_at=now, finished_at=now)
    JobRun.objects.create(job="a.b", started_at=now, finished_at=now, error="no")
    Delivery.objects.create(recipient="a@example.com", subject="s", next_attempt_at=now)

    told = measured(client)

    assert told["database_up"] == "1.0"
    assert told['job_runs{job="a.b",outcome="succeeded"}'] == "1.0"
    assert told['job_runs{job="a.b",outcome="failed"}'] == "1.0"
    assert float(told['job_age_seconds{job="a.b"}']) >= 0
    assert told["rollup_backlog_hours"] == "0.0"
    assert told['outbox_backlog{urgency="other"}'] == "1.0"
    assert told['partitions_ahead{table="trades"}'] == "3.0"
    assert told['partitions_ahead{table="trade_history"}'] == "14.0"


@pytest.mark.django_db
def test_requests_are_counted_by_route_and_class(client):
    name = 'http_requests_total{method="GET",route="account_login",status="2xx"}'
    before = float(measured(client).get(name, 0))

    client.get("/accounts/login/")

    assert float(measured(client)[name]) == before + 1


@pytest.mark.django_db
def test_paths_and_methods_that_are_made_up_make_no_series(client):
    for number in range(3):
        client.generic(f"BREW{number}", f"/no-such/{number}/")
        client.get(f"/api/v1/ea/call{number}")
        client.get(f"/static/none{number}.css")

    names = [name for name in measured(client) if "BREW" in name or "call1" in name]
    assert names == []
    assert 'ea_calls_total{call="unknown",code="NOT_FOUND"}' in measured(client)


@pytest.mark.django_db
def test_refusals_are_counted_by_limit(client, settings):
    settings.EA_CALLS_PER_IP = 0
    name = 'rate_limit_refusals_total{limit="ea"}'
    before = float(measured(client).get(name, 0))

    client.post("/api/v1/ea/heartbeat", b"{}", "application/json")

    assert float(measured(client)[name]) == before + 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("remote", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("10.1.2.3", {}, 200),
        ("fd00::1", {}, 200),
        ("8.8.8.8", {}, 404),
        ("10.1.2.3", {"X-Forwarded-For": "8.8.8.8"}, 404),
        ("10.1.2.3", {"Forwarded": "for=10.0.0.1"}, 404),
        ("10.9.9.9", {"X-Forwarded-For": "8.8.8.8"}, 404),
        ("10.9.9.9", {"X-Forwarded-For": "10.1.2.3"}, 200),
        ("8.8.8.8", {"X-Forwarded-For": "10.1.2.3"}, 404),
        ("8.8.8.8", {"Authorization": f"Bearer {TOKEN}"}, 200),
        ("8.8.8.8", {"Authorization": f"Bearer {TOKEN}x"}, 404),
        ("8.8.8.8", {"Authorization": "Bearer é"}, 404),
    ],
)
def test_measures_are_for_private_addresses_and_who_has_the_token(
    client, settings, remote, headers, status
):
    settings.METRICS_TOKEN = TOKEN
    settings.TRUSTED_PROXIES = networks(["10.9.9.9"])

    response = client.get("/metrics", headers=headers, REMOTE_ADDR=remote)

    assert response.status_code == status
