"""What the back office says of a license is what holds now, and leads to the rest."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.http import urlencode

from accounts.tests.factories import AdminFactory, ResellerFactory, UserFactory
from billing.tests.factories import subscribed
from bots.tests.factories import BotInstanceFactory
from licensing.models import HoldSource, License, LicenseStatus
from licensing.tests.factories import LicenseFactory, LicenseHoldFactory
from smarttrader.lib import clock

pytestmark = pytest.mark.django_db

LIST = reverse("admin:licensing_license_changelist")
DAY = timedelta(days=1)


def signed_in(user):
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def staff(db):
    return signed_in(AdminFactory.create(time_zone="Asia/Tokyo"))


def page_of(client, row):
    meta = row._meta
    name = f"admin:{meta.app_label}_{meta.model_name}_change"
    return client.get(reverse(name, args=[row.pk])).content.decode()


def needing_attention(client):
    page = client.get(LIST, {"attention": "needed"})
    return set(page.context["cl"].result_list)


def badge(word, tone=""):
    return f'<span class="badge {tone}">{word}</span>'


@pytest.mark.parametrize(
    ("ends_in", "word", "is_needed"),
    [
        (8, "Active", False),
        (6, "Active", True),
        (-1, "In grace days", True),
        (-6, "In grace days", True),
        (-8, "Expired", False),
    ],
)
def test_a_license_in_its_grace_days_is_shown_as_such_and_needs_somebody(
    staff, ends_in, word, is_needed
):
    license = LicenseFactory.create(expires_at=clock.now() + ends_in * DAY)

    for page in (staff.get(LIST).content.decode(), page_of(staff, license)):
        assert f">{word}</span>" in page
    assert needing_attention(staff) == ({license} if is_needed else set())


def test_grace_is_that_of_each_plan(staff):
    ended = clock.now() - 5 * DAY
    LicenseFactory.create(license_type="BASIC", expires_at=ended)
    enterprise = LicenseFactory.create(license_type="ENTERPRISE", expires_at=ended)

    assert needing_attention(staff) == {enterprise}


def test_the_page_tells_the_status_of_now_and_each_open_hold(staff):
    license = LicenseFactory.create(expires_at=clock.now() - 30 * DAY)
    released = clock.now()
    for source, reason, end in (
        (HoldSource.RESELLER, "unpaid", None),
        (HoldSource.ABUSE, "<shared>", None),
        (HoldSource.ADMIN, "long ago", released),
    ):
        LicenseHoldFactory.create(
            license=license, source=source, reason=reason, released_at=end
        )

    page = page_of(staff, license)

    assert badge("Suspended", "caution") in page
    assert "<li>Reseller, since 2 Jan 2026: unpaid</li>" in page
    assert "<li>Abuse, since 2 Jan 2026: &lt;shared&gt;</li>" in page
    assert "long ago" not in page
    assert License.objects.get().status == LicenseStatus.ACTIVE  # no job ran


def test_a_reseller_is_not_told_why_a_former_one_holds_a_license(bob):
    license = LicenseFactory.create(user=UserFactory.create(reseller=bob))
    LicenseHoldFactory.create(
        license=license,
        source=HoldSource.RESELLER,
        reason="slander",
        placed_by=ResellerFactory.create().pk,
    )

    page = page_of(signed_in(bob), license)

    assert "<li>Reseller, since 2 Jan 2026</li>" in page
    assert "slander" not in page


def test_days_are_those_of_who_reads_them(staff):
    license = LicenseFactory.create(expires_at=datetime(2020, 5, 4, 20, tzinfo=UTC))

    listed = staff.get(LIST).content.decode()
    owner = AdminFactory.create(time_zone="Europe/Berlin", language="de")

    assert ">5 May 2020<" in listed
    assert "5 May 2020 05:00" in page_of(staff, license)
    assert ">04.05.2020<" in signed_in(owner).get(LIST).content.decode()


def test_a_license_leads_to_its_bots_events_subscription_and_reseller(staff, bob):
    owner = UserFactory.create(reseller=bob)
    subscription = subscribed(owner, clock.now(), provider_id="paid")
    bot = BotInstanceFactory.create(owner=owner, license=subscription.license)
    BotInstanceFactory.create(owner=owner)
    of_bots = f"{reverse('admin:bots_botinstance_changelist')}?q={bot.license_id}"
    of_events = reverse("admin:licensing_licenseevent_changelist")

    page = page_of(staff, subscription.license)

    for address in (
        of_bots,
        f"{of_events}?q={bot.license_id}",
        reverse("admin:billing_subscription_change", args=[subscription.pk]),
        reverse("admin:accounts_user_change", args=[bob.pk]),
    ):
        assert f'href="{address}"' in page
    assert list(staff.get(of_bots).context["cl"].result_list) == [bot]


def test_a_reseller_is_not_led_to_themselves_and_nobody_to_what_is_not_there(bob):
    license = LicenseFactory.create(user=UserFactory.create(reseller=bob))

    page = page_of(signed_in(bob), license)

    assert "Its bots" in page
    assert "Its subscription" not in page
    assert "Its reseller" not in page


def test_a_user_leads_to_what_they_have(staff):
    owner = UserFactory.create(email="a+b@example.com")
    license = LicenseFactory.create(user=owner)
    LicenseFactory.create()

    page = page_of(staff, owner)

    query = urlencode({"q": owner.email})
    for name in ("licensing_license", "bots_botinstance", "billing_subscription"):
        assert f'href="{reverse(f"admin:{name}_changelist")}?{query}"' in page
    listed = staff.get(f"{LIST}?{query}").context["cl"].result_list
    assert list(listed) == [license]
