"""Digests: who wants them, and which are done."""

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from smarttrader.lib.database import CreatedAtField, one_of
from smarttrader.lib.ids import uuid7


class DigestFrequency(models.TextChoices):
    NEVER = "never", _("Never")
    DAILY = "daily", _("Each day")
    WEEKLY = "weekly", _("Each week")


class DigestChoice(models.Model):
    """How often a user wants a digest; who never chose gets one as soon as they have a
    bot, each week.
    """

    user = models.OneToOneField(
        User, models.DO_NOTHING, primary_key=True, related_name="digest_choice"
    )
    frequency = models.CharField(max_length=20, choices=DigestFrequency)
    chosen_at = models.DateTimeField()

    class Meta:
        db_table = "digest_choices"
        constraints = [
            one_of("frequency", DigestFrequency, name="digest_choices_frequency_valid")
        ]

    def __str__(self) -> str:
        return self.frequency


class Digest(models.Model):
    """That a user's digest of a day or week is done; kept 30 days."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, models.DO_NOTHING, related_name="digests")
    period = models.CharField(max_length=10, help_text="2026-11-25, or 2026-W48.")
    has_content = models.BooleanField(help_text="Else nothing was sent.")
    created_at = CreatedAtField()

    class Meta:
        db_table = "digests"
        constraints = [
            models.UniqueConstraint(
                fields=["user", "period"], name="digests_of_a_period_once"
            ),
            models.CheckConstraint(
                condition=models.Q(period__regex=r"^\d{4}-(W\d\d|\d\d-\d\d)$"),
                name="digests_period_valid",
            ),
        ]
        indexes = [BrinIndex(fields=["created_at"], name="digests_created_at")]

    def __str__(self) -> str:
        return self.period
