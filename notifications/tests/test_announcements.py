"""What bots and licenses announce reaches the inbox of whom it concerns."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.dispatch import Signal
from django.utils import translation

from accounts.models import AuthEventType
from accounts.services import events
from analytics.signals import statement_imported
from billing import signals as billing
from billing.models import BillingCycle, Payment, Subscription
from billing.tests.factories import subscribed
from bots.models import BotInstance
from bots.services.heartbeats import Heartbeat, record_heartbeat, sweep_offline
from bots.tests.factories import BotInstanceFactory
from licensing.models import HoldSource, LicenseType
from licensing.services import expiry, holds, terms
from licensing.services.issuing import issue_license
from notifications.models import Delivery, Notification
from smarttrader.lib.actors import COMMAND_LINE, Actor, ActorType
from trading.models import StatementImport
from trading.tests.factories import StatementImportFactory

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
    assert (
        "25 Nov 2026 12:00 UTC" in Notification.objects.earliest("created_at").message
    )
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


@pytest.mark.parametrize(
    ("ips", "told"),
    [
        (["203.0.113.7"], 0),  # the first sign-in of all
        (["203.0.113.7", "203.0.113.7"], 0),
        (["203.0.113.7", "203.0.113.8", "203.0.113.8", "203.0.113.7"], 1),
        (["2001:db8::1", "2001:db8::2:3"], 0),  # one subscriber's
        (["2001:db8::1", "2001:db8:0:1::1"], 1),
        (["203.0.113.7", ""], 0),
    ],
)
def test_a_sign_in_from_a_new_place_is_told(alice, charlie, ips, told):
    for user in (charlie, alice):
        for ip in ips if user == alice else ["198.51.100.1"]:
            events.record_event(
                type=AuthEventType.SIGNED_IN,
                actor=Actor(ActorType.USER, user.pk, ip, "request", "Firefox"),
                user=user,
                now=NOW,
            )

    assert inbox(alice) == [("SYSTEM", "Somebody signed in from a new place")] * told
    assert inbox(charlie) == []
    for message in Notification.objects.values_list("message", flat=True):
        assert f"from {ips[1]}, with Firefox" in message


def test_what_fails_leaves_no_sign_in_told(alice):
    for ip in ("203.0.113.7", "203.0.113.8"):
        events.record_event(
            type=AuthEventType.SIGN_IN_FAILED,
            actor=Actor(ActorType.USER, None, ip, "request", "Firefox"),
            user=alice,
            now=NOW,
        )

    assert inbox(alice) == []


# Of `now` and what more a signal carries.
BILLING: list[tuple[Any, dict[str, Any], str, str]] = [
    (
        billing.subscription_started,
        {"payment": True},
        "Your subscription begins",
        "Pro, 49.00 EUR. Paid until: 25 Dec 2026.",
    ),
    (
        billing.payment_failed,
        {},
        "A payment failed",
        "49.00 USD for Pro could not be collected. Check your way of paying.",
    ),
    (
        billing.payment_overdue,
        {"day": 3},
        "A payment is overdue",
        "49.00 USD for Pro, due for 3 days. Without it your license is held.",
    ),
    (
        billing.downgrade_scheduled,
        {},
        "A smaller plan is scheduled",
        "Basic follows Pro on 25 Dec 2026.",
    ),
    (
        billing.cycle_change_scheduled,
        {},
        "Another cycle is scheduled",
        "Pro: after 25 Dec 2026 it is paid yearly.",
    ),
    (
        billing.cycle_changed,
        {"payment": True},
        "Your subscription is paid otherwise",
        "Pro, monthly from now on, 49.00 EUR. Paid until: 25 Dec 2026.",
    ),
    (
        billing.change_undone,
        {},
        "A scheduled change is undone",
        "Pro, monthly, goes on as it is. Paid until: 25 Dec 2026.",
    ),
    (
        billing.payment_refunded,
        {"payment": True},
        "A payment is refunded",
        "10.00 EUR of 49.00 EUR for Pro were sent back.",
    ),
]


@pytest.mark.parametrize(("signal", "more", "title", "message"), BILLING)
def test_what_billing_announces_is_told(alice, signal, more, title, message):
    subscription = Subscription.objects.create(
        user=alice,
        plan_type=LicenseType.PRO,
        amount=Decimal("49.00"),
        billing_cycle=BillingCycle.MONTHLY,
        current_period_start=NOW,
        current_period_end=NOW + 30 * DAY,
        next_plan_type=LicenseType.BASIC,
        next_billing_cycle=BillingCycle.YEARLY,
        next_amount=Decimal(19),
        next_plan_at=NOW + 30 * DAY,
    )
    payment = Payment(
        amount=Decimal("49.00"), currency="EUR", refunded_amount=Decimal("10.00")
    )

    carried = {**more, **({"payment": payment} if "payment" in more else {})}
    signal.send(sender=Subscription, subscription=subscription, now=NOW, **carried)

    told = Notification.objects.get()
    assert (told.type, told.title, told.message) == ("ACCOUNT", title, message)


@pytest.mark.parametrize(
    ("signal", "event"),
    [
        (billing.subscription_upgraded, "subscription_upgraded"),
        (billing.downgrade_scheduled, "downgrade_scheduled"),
        (billing.subscription_downgraded, "subscription_downgraded"),
        (billing.cycle_change_scheduled, "cycle_change_scheduled"),
        (billing.cycle_changed, "cycle_changed"),
        (billing.change_undone, "change_undone"),
    ],
)
def test_each_change_of_plan_or_cycle_is_an_event_of_its_own(alice, signal, event):
    subscription = subscribed(alice, NOW)
    Notification.objects.all().delete()

    signal.send(sender=Subscription, subscription=subscription, payment=None, now=NOW)

    assert Notification.objects.filter(metadata__event=event).count() == 1
    assert Notification.objects.count() == 1


def test_every_signal_of_billing_is_told():
    signals = [each for each in vars(billing).values() if isinstance(each, Signal)]

    assert len(signals) == 16
    assert all(signal.has_listeners(Subscription) for signal in signals)


@pytest.fixture
def berlin(alice):
    """Alice reads German, an hour or two east of UTC."""
    alice.language, alice.time_zone = "de", "Europe/Berlin"
    alice.save()
    return alice


def test_a_subscriptions_mail_is_in_its_readers_language_and_day(berlin):
    # Eleven at night in UTC is the next day in Berlin.
    start = datetime(2026, 11, 24, 23, 30, tzinfo=UTC)
    subscription = subscribed(berlin, start)

    with translation.override("en"):  # as a worker, or staff
        for signal in (billing.cycle_changed, billing.subscription_renewed):
            signal.send(
                sender=Subscription, subscription=subscription, payment=None, now=NOW
            )

    mails = Delivery.objects.filter(channel="email").order_by("created_at", "id")
    texts = [mail.text for mail in mails]
    assert texts == [
        "Pro, 59,00 USD. Bezahlt bis: 25.12.2026.",
        "Pro, ab jetzt monatlich, 59,00 USD. Bezahlt bis: 25.12.2026.",
        "Pro, 59,00 USD. Bezahlt bis: 25.12.2026.",
    ]


def test_moments_in_mails_are_in_their_readers_zone(berlin):
    bot = BotInstanceFactory.create(owner=berlin, instance_name="Grid")
    BotInstance.objects.filter(pk=bot.pk).update(last_heartbeat=NOW)
    sweep_offline(now=NOW + DAY)
    for ip in ("203.0.113.7", "203.0.113.8"):
        events.record_event(
            type=AuthEventType.SIGNED_IN,
            user=berlin,
            actor=Actor(ActorType.USER, berlin.pk, ip, "request", "Firefox"),
            now=NOW,
        )

    texts = Delivery.objects.filter(channel="email").values_list("text", flat=True)
    assert ["25.11.2026 13:00 CET" in text for text in texts] == [True, True]


def test_an_imported_statement_is_told(alice):
    record = StatementImportFactory.create(user=alice, file_name="march.htm")

    for mismatches in (0, 2):
        statement_imported.send(
            sender=StatementImport,
            user=alice,
            record=record,
            mismatches=mismatches,
            now=NOW,
        )

    assert list(Notification.objects.order_by("message").values_list("message")) == [
        ("march.htm: All of its figures agree with ours.",),
        ("march.htm: Figures that do not agree with ours: 2.",),
    ]
