"""An invoice is written once, in its buyer's language, and so are its credit notes."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import translation

from accounts.models import Language
from billing.models import BillingCycle, CreditNote, Invoice
from billing.services.cycles import change_cycle
from billing.services.plans import upgrade_subscription
from billing.services.reversals import refund_payment
from billing.tests.factories import receipt, subscribed
from licensing.models import LicenseType
from smarttrader.lib.actors import SYSTEM

pytestmark = pytest.mark.django_db

START = datetime(2027, 2, 1, tzinfo=UTC)
LATER = START + timedelta(days=1)


@pytest.fixture
def greta(alice):
    alice.language = Language.GERMAN
    alice.save()
    return alice


def texts_of(paper):
    return [line["text"] for line in paper.lines]


@pytest.mark.parametrize(
    ("cycle", "text"),
    [
        (BillingCycle.MONTHLY, "Pro Monatlich 01.02.2027 … 01.03.2027"),
        (BillingCycle.LIFETIME, "Pro Unbefristet, ab 01.02.2027"),
    ],
)
def test_a_german_buyer_reads_german_whoever_takes_the_payment(greta, cycle, text):
    with translation.override("en"):
        subscribed(greta, START, billing_cycle=cycle)

    invoice = Invoice.objects.get()
    assert (invoice.language, texts_of(invoice)) == ("de", [text])


def test_an_english_buyer_reads_english_whoever_takes_the_payment(alice):
    with translation.override("de"):
        subscribed(alice, START)

    invoice = Invoice.objects.get()
    assert invoice.language == "en"
    assert texts_of(invoice) == ["Pro Monthly 1 Feb 2027 … 1 Mar 2027"]


def test_an_upgrade_is_called_so_in_german(greta):
    upgrade_subscription(
        subscription=subscribed(greta, START),
        plan_type=LicenseType.ENTERPRISE,
        billing_cycle=BillingCycle.MONTHLY,
        receipt=receipt(LATER, "149.00"),
        actor=SYSTEM,
        now=LATER,
    )

    invoice = Invoice.objects.latest("sequence")
    assert texts_of(invoice) == [
        "Wechsel zu Enterprise Monatlich, ab 02.02.2027 00:00 UTC"
    ]


def test_what_is_counted_towards_a_longer_cycle_is_called_so_in_german(greta):
    change_cycle(
        subscription=subscribed(greta, START),
        plan_type=LicenseType.PRO,
        billing_cycle=BillingCycle.YEARLY,
        receipt=receipt(LATER, "590.00"),
        actor=SYSTEM,
        now=LATER,
    )

    invoice = Invoice.objects.latest("sequence")
    assert texts_of(invoice)[1] == "Rest von Pro Monatlich"


def test_a_credit_note_speaks_as_its_invoice_does(greta):
    subscribed(greta, START, provider_id="pi_1")
    greta.language = Language.ENGLISH
    greta.save()

    refund_payment(
        receipt=receipt(START, provider_id="pi_1"),
        refunded=receipt(START, "9.00").amount,
        actor=SYSTEM,
        now=LATER,
        reason="a lost week",
    )

    note = CreditNote.objects.get()
    assert (note.language, texts_of(note)) == ("de", ["Erstattung: a lost week"])


def test_the_language_of_an_invoice_stays(greta):
    subscribed(greta, START)

    with pytest.raises(IntegrityError, match="neither changed"), transaction.atomic():
        Invoice.objects.update(language=Language.ENGLISH)
