"""What the risk guard found, and from where it measures."""

from datetime import datetime, timedelta
from typing import Self

from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from bots.models.bots import BotInstance
from bots.models.commands import BotCommand
from smarttrader.lib.actors import ActorType
from smarttrader.lib.database import one_of
from smarttrader.lib.ids import uuid7
from smarttrader.lib.money import TotalField


class GuardKind(models.TextChoices):
    """A limit that the risk guard watches."""

    DAILY_LOSS = "daily_loss", _("Loss of a day")
    TRADES_PER_DAY = "trades_per_day", _("Trades a day")
    DRAWDOWN = "drawdown", _("Drawdown")


class GuardOutcome(models.TextChoices):
    """What came of a breach: docs/risk-guard.md."""

    PAUSED = "paused", _("Paused")
    RESTING = "resting", _("It rested already")
    OFF = "off", _("The guard is off")
    OTHER_CURRENCY = "other_currency", _("The limits are in another currency")
    NEVER_SAVED = "never_saved", _("The limits were never saved")


class GuardBreachQuerySet(models.QuerySet["GuardBreach"]):
    def visible_to(self, user: User) -> Self:
        return self.filter(user.owns_or_looks_after("bot_instance__user"))

    def holding(self) -> Self:
        """Keep those for which a bot still rests."""
        return self.filter(outcome=GuardOutcome.PAUSED, lifted_at=None)


class GuardBreach(models.Model):
    """A limit that a bot passed on a day of its broker; once, whatever follows."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    bot_instance = models.ForeignKey(
        BotInstance, models.DO_NOTHING, related_name="breaches"
    )
    kind = models.CharField(max_length=20, choices=GuardKind)
    broker_day = models.DateField()
    at = models.DateTimeField()
    outcome = models.CharField(max_length=20, choices=GuardOutcome)
    # Money of the account, a number of trades, or percent.
    figure = TotalField()
    allowed = TotalField()
    currency = models.CharField(max_length=3, blank=True)
    pause = models.ForeignKey(
        BotCommand, models.DO_NOTHING, blank=True, null=True, related_name="breaches"
    )
    lifted_at = models.DateTimeField(blank=True, null=True)
    lifted_by_type = models.CharField(
        max_length=20, choices=ActorType, blank=True, null=True
    )
    lifted_by = models.UUIDField(blank=True, null=True, help_text=_("A user's id."))

    objects = GuardBreachQuerySet.as_manager()

    class Meta:
        db_table = "guard_breaches"
        verbose_name_plural = _("guard breaches")
        constraints = [
            models.UniqueConstraint(
                fields=["bot_instance", "kind", "broker_day"],
                name="guard_breaches_once_a_day",
            ),
            one_of("kind", GuardKind, name="guard_breaches_kind_valid"),
            one_of("outcome", GuardOutcome, name="guard_breaches_outcome_valid"),
            one_of("lifted_by_type", ActorType, name="guard_breaches_lifted_by_valid"),
            models.CheckConstraint(
                condition=models.Q(outcome=GuardOutcome.PAUSED, pause__isnull=False)
                | ~models.Q(outcome=GuardOutcome.PAUSED)
                & models.Q(pause=None, lifted_at=None),
                name="guard_breaches_pause_valid",
            ),
            models.CheckConstraint(
                condition=models.Q(lifted_at=None, lifted_by_type=None)
                | models.Q(lifted_at__isnull=False, lifted_by_type__isnull=False),
                name="guard_breaches_lift_valid",
            ),
        ]
        indexes = [
            models.Index(
                fields=["bot_instance"],
                condition=models.Q(outcome=GuardOutcome.PAUSED, lifted_at=None),
                name="guard_breaches_holding",
            ),
            models.Index(fields=["-at"], name="guard_breaches_newest"),
        ]

    def __str__(self) -> str:
        return gettext("%(limit)s on %(day)s") % {
            "limit": self.get_kind_display(),
            "day": self.broker_day,
        }

    @property
    def lifts_at(self) -> datetime:
        """Return when the day after begins on the broker's clock."""
        next_day = self.broker_day + timedelta(days=1)
        return self.bot_instance.start_of_broker_day(next_day)

    @property
    def is_holding(self) -> bool:
        return self.outcome == GuardOutcome.PAUSED and self.lifted_at is None

    @property
    def has_paused_nothing(self) -> bool:
        return self.outcome != GuardOutcome.PAUSED


class GuardPeak(models.Model):
    """From where the risk guard measures a bot's drawdown: docs/risk-guard.md."""

    bot_instance = models.OneToOneField(
        BotInstance, models.DO_NOTHING, primary_key=True, related_name="guard_peak"
    )
    # None begins anew at the next look. In the capital of `balance`.
    peak = models.DecimalField(max_digits=24, decimal_places=6, null=True)
    balance = TotalField()
    # Net of the trades that closed since then, when the balance was told.
    closed_since = models.DateTimeField()
    closed_net = models.DecimalField(max_digits=20, decimal_places=2)
    doubted_at = models.DateTimeField(
        null=True, help_text=_("Since when trades do not explain the balance.")
    )
    # Each writer steps it on from what it read: who read an older one writes nothing.
    version = models.PositiveIntegerField()

    class Meta:
        db_table = "guard_peaks"

    def __str__(self) -> str:
        return f"{self.peak}"
