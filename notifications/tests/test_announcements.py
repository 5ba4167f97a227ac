"""What bots and licenses announce reaches the inbox of whom it concerns."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bots.models import BotInstance
from bots.services.heartbeats import Heartbeat, record_heartbeat, sweep_offline
from bots.tests.factories import BotInstanceFactory
from licensing.models import HoldSource, LicenseType
from licensing.services import expiry, holds, terms
from licensing.services.issuing import issue_license
from notifications.models import Notification
from smarttrader.lib.actors import COMMAND_LINE

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def inbox(user):
    rows = Notification.objects.filter(user=user).order_by("created_at", "id")
    return [(row.type, row.title) for row in rows]


def test_a_bot_that_falls_silent_and_comes_back_is_two_alerts(alice, charlie):
    bot = BotInstanceFactory.create(
        owner=alice, instance_name="Grid", last_heartbeat=NOW
    )
    later = NOW + DAY

    sweep_offline(now=later)
    record_heartbeat(bot=bot, beat=Heartbeat(), now=later + DAY)

    assert inbox(alice) == [
        ("ALERT", "Grid is offline"),
        ("ALERT", "Grid is online again"),
    ]
    assert inbox(charlie) == []
    assert "2026-11-25 12:00 UTC" in Notification.objects.earliest("created_at").message
    assert BotInstance.objects.get().offline_at is None


def test_a_licenses_life_is_told(alice):
    license = issue_license(
        user=alice, license_type=LicenseType.PRO, expires_at=NOW + DAY, now=NOW
    ).license
    told: dict[str, Any] = {
        "license": license,
        "reason": "",
        "actor": COMMAND_LINE,
    }

    expiry.note_expiries(now=NOW)
    holds.suspend_license(source=HoldSource.ADMIN, **told, now=NOW + DAY)
    holds.reinstate_license(source=HoldSource.ADMIN, **told, now=NOW + 2 * DAY)
    expiry.note_expiries(now=NOW + 9 * DAY)
    terms.revoke_license(**told, now=NOW + 10 * DAY)

    assert inbox(alice) == [
        ("ACCOUNT", "A license ends soon"),
        ("ACCOUNT", "A license is suspended"),
        ("ACCOUNT", "A license works again"),
        ("ACCOUNT", "A license has expired"),
        ("ACCOUNT", "A license was revoked"),
    ]
    messages = Notification.objects.values_list("message", flat=True)
    assert all(license.masked_key in message for message in messages)
