"""A bot's settings, and who changed them."""

from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from bots.models.bots import BotInstance
from smarttrader.lib.actors import ActorType
from smarttrader.lib.database import CreatedAtField, UpdatedAtField, one_of
from smarttrader.lib.ids import uuid7
from smarttrader.lib.money import AmountField


class BotSettingsQuerySet(models.QuerySet["BotSettings"]):
    def visible_to(self, user: User) -> Self:
        return self.filter(user.owns_or_looks_after("bot_instance__user"))


class BotSettings(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    bot_instance = models.OneToOneField(
        BotInstance, models.DO_NOTHING, related_name="settings"
    )
    risk_percentage = models.DecimalField(max_digits=5, decimal_places=2, db_default=2)
    max_daily_loss = AmountField(db_default=100)
    max_trades_per_day = models.IntegerField(db_default=10)
    trading_pairs = ArrayField(models.TextField())
    trading_sessions = models.JSONField()
    strategies_enabled = models.JSONField()
    stop_loss_pips = models.IntegerField(db_default=50)
    take_profit_pips = models.IntegerField(db_default=100)
    trailing_stop = models.BooleanField(db_default=False)
    auto_trade = models.BooleanField(db_default=True)
    notifications_enabled = models.BooleanField(db_default=True)
    max_drawdown_percentage = models.DecimalField(
        max_digits=5, decimal_places=2, blank=True, null=True
    )
    limits_currency = models.CharField(
        max_length=3,
        blank=True,
        db_default="",
        help_text=_("In which its owner saved the limits; empty: nobody did."),
    )
    created_at = CreatedAtField()
    updated_at = UpdatedAtField()

    objects = BotSettingsQuerySet.as_manager()

    class Meta:
        db_table = "bot_settings"
        verbose_name_plural = _("bot settings")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(risk_percentage__gte="0.1", risk_percentage__lte=10),
                name="bot_settings_risk_percentage_valid",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    max_daily_loss__gte=0,
                    max_trades_per_day__gte=0,
                    stop_loss_pips__gte=0,
                    take_profit_pips__gte=0,
                ),
                name="bot_settings_limits_not_negative",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    max_drawdown_percentage__gt=0, max_drawdown_percentage__lte=100
                ),
                name="bot_settings_drawdown_valid",
            ),
        ]
        indexes = [
            BrinIndex(fields=["created_at"], name="bot_settings_created_at"),
            BrinIndex(fields=["updated_at"], name="bot_settings_updated_at"),
        ]

    def __str__(self) -> str:
        return gettext("Settings of %(name)s") % {"name": self.bot_instance}

    @property
    def guard_enabled(self) -> bool:
        return self.bot_instance.guard_enabled

    @property
    def are_limits_in_its_currency(self) -> bool:
        """Whether the limits were saved in the currency that the account has."""
        saved_in = self.limits_currency
        return saved_in != "" and saved_in == self.bot_instance.account_currency


class SettingsChangeQuerySet(models.QuerySet["SettingsChange"]):
    def visible_to(self, user: User) -> Self:
        return self.filter(user.owns_or_looks_after("bot_instance__user"))


class SettingsChange(models.Model):
    """What a version of a bot's settings changed, and who changed it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    bot_instance = models.ForeignKey(
        BotInstance, models.DO_NOTHING, related_name="settings_changes"
    )
    version = models.PositiveIntegerField()
    at = models.DateTimeField()
    actor_type = models.CharField(max_length=20, choices=ActorType)
    actor_id = models.UUIDField(blank=True, null=True)
    before = models.JSONField(help_text=_("The changed values as they were."))
    after = models.JSONField()

    objects = SettingsChangeQuerySet.as_manager()

    class Meta:
        db_table = "bot_settings_changes"
        constraints = [
            one_of("actor_type", ActorType, name="bot_settings_changes_actor_valid"),
            models.UniqueConstraint(
                fields=["bot_instance", "version"],
                name="bot_settings_changes_version_unique",
            ),
        ]
        indexes = [
            models.Index(
                fields=["actor_type", "at", "id"], name="settings_changes_newest"
            ),
            models.Index(
                fields=["bot_instance", "at", "id"], name="settings_changes_of_bot"
            ),
        ]

    def __str__(self) -> str:
        return gettext("Version %(version)s") % {"version": self.version}
