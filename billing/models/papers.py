"""Invoices and credit notes, numbered without gaps."""

from typing import Self, TypeVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Language, User
from billing.models.payments import is_about_seen_by
from smarttrader.lib.database import one_of
from smarttrader.lib.ids import uuid7
from smarttrader.lib.money import AmountField

Row = TypeVar("Row", bound=models.Model)


class YearlyCounter(models.Model):
    """The last number of a year: its row lock is what leaves no gap."""

    year = models.PositiveSmallIntegerField(primary_key=True)
    last = models.PositiveIntegerField(db_default=0)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.year}: {self.last}"


class InvoiceCounter(YearlyCounter):
    class Meta(YearlyCounter.Meta):
        db_table = "invoice_counters"


class CreditNoteCounter(YearlyCounter):
    class Meta(YearlyCounter.Meta):
        db_table = "credit_note_counters"


class PaperQuerySet(models.QuerySet[Row]):
    def visible_to(self, user: User) -> Self:
        return self.filter(is_about_seen_by(user))


class Paper(models.Model):
    """What is handed out under a number: a trigger lets it change in nothing.

    Nothing but its buyer, who is forgotten when they are deleted.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    year = models.PositiveSmallIntegerField()
    sequence = models.PositiveIntegerField(help_text=_("1, 2, 3, ... of the year."))
    payment_id = models.UUIDField()
    subscription_id = models.UUIDField()
    user_id = models.UUIDField()
    buyer_name = models.CharField(max_length=255, blank=True)
    buyer_email = models.CharField(max_length=255, blank=True)
    lines = models.JSONField(help_text=_("Each with a text and an amount."))
    total = AmountField()
    currency = models.CharField(max_length=3)
    language = models.CharField(
        max_length=12,
        choices=Language,
        db_default=Language.ENGLISH,
        help_text=_("The buyer's, when it was issued."),
    )
    issued_at = models.DateTimeField()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        return f"{self.year}-{self.sequence:06}"


class Invoice(Paper):
    """What a payment was for."""

    objects = PaperQuerySet["Invoice"].as_manager()

    class Meta(Paper.Meta):
        db_table = "invoices"
        constraints = [
            models.UniqueConstraint(
                fields=["year", "sequence"], name="invoices_number_once"
            ),
            models.UniqueConstraint(
                fields=["payment_id"], name="invoices_one_of_a_payment"
            ),
            models.CheckConstraint(
                condition=Q(sequence__gt=0, total__gte=0),
                name="invoices_figures_valid",
            ),
            one_of("language", Language, name="invoices_language_valid"),
        ]
        indexes = [models.Index(fields=["user_id"], name="invoices_of_user")]


class CreditNote(Paper):
    """What of an invoice went back: its total is positive."""

    invoice = models.ForeignKey(Invoice, models.DO_NOTHING, related_name="credit_notes")

    objects = PaperQuerySet["CreditNote"].as_manager()

    class Meta(Paper.Meta):
        db_table = "credit_notes"
        constraints = [
            models.UniqueConstraint(
                fields=["year", "sequence"], name="credit_notes_number_once"
            ),
            models.CheckConstraint(
                condition=Q(sequence__gt=0, total__gt=0),
                name="credit_notes_figures_valid",
            ),
            one_of("language", Language, name="credit_notes_language_valid"),
        ]
        indexes = [models.Index(fields=["user_id"], name="credit_notes_of_user")]

    @property
    def number(self) -> str:
        return f"C{super().number}"
