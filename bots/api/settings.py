"""JSON clients: the settings of a bot, by version."""

import uuid
from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from bots import settings_schema as limits
from bots.models import BotInstance
from bots.queries import BotNotFound
from bots.services import bot_settings
from smarttrader.lib.api.fields import (
    BooleanField,
    DecimalField,
    IntegerField,
    ListField,
    TextField,
)
from smarttrader.lib.api.resources import Resources
from smarttrader.lib.api.serializers import StrictSerializer


class TradingSessionSerializer(StrictSerializer):
    """When the bot may open trades, in UTC; it may end after midnight."""

    name = TextField(max_length=limits.LONGEST_NAME)
    days = serializers.RegexField(
        limits.DAYS, max_length=7, help_text="Days on which it starts: 1 is Monday."
    )
    start = serializers.RegexField(limits.START, max_length=5)
    end = serializers.RegexField(limits.END, max_length=5)


class StrategySerializer(StrictSerializer):
    """A strategy of the EA, by the name that the EA gives it."""

    name = TextField(max_length=limits.LONGEST_NAME)
    enabled = BooleanField()


class SettingsFields(StrictSerializer):
    """The settings themselves; empty lists mean every pair, time and strategy."""

    risk_percentage = DecimalField(
        max_digits=5,
        decimal_places=2,
        min_value=limits.SMALLEST_RISK,
        max_value=limits.LARGEST_RISK,
        help_text="Risk of a trade, in percent.",
    )
    max_daily_loss = DecimalField(max_digits=10, decimal_places=2, min_value=0)
    max_trades_per_day = IntegerField(min_value=0, max_value=limits.MOST_TRADES)
    trading_pairs = ListField(
        max_length=limits.MOST_PAIRS,
        child=serializers.RegexField(limits.PAIR, max_length=20),
    )
    trading_sessions = ListField(
        max_length=limits.MOST_SESSIONS, child=TradingSessionSerializer()
    )
    strategies_enabled = ListField(
        max_length=limits.MOST_STRATEGIES, child=StrategySerializer()
    )
    stop_loss_pips = IntegerField(min_value=0, max_value=limits.MOST_PIPS)
    take_profit_pips = IntegerField(min_value=0, max_value=limits.MOST_PIPS)
    trailing_stop = BooleanField()
    auto_trade = BooleanField()
    notifications_enabled = BooleanField()


class GuardFields(StrictSerializer):
    """The risk guard's own settings, which an EA is not told: docs/risk-guard.md."""

    guard_enabled = BooleanField(
        required=False,
        help_text="Pauses the bot when it passes a limit. On only with limits that were"
        " saved in the account's currency.",
    )
    limits_currency = serializers.RegexField(
        f"^{limits.CURRENCY_CODE}$",
        max_length=3,
        required=False,
        allow_blank=True,
        help_text="In which the limits are meant: the account's. Empty: nobody saved"
        " them yet.",
    )
    max_drawdown_percentage = DecimalField(
        max_digits=5,
        decimal_places=2,
        min_value=limits.SMALLEST_DRAWDOWN,
        max_value=limits.LARGEST_DRAWDOWN,
        required=False,
        allow_null=True,
        help_text="Of the highest equity; none without a limit.",
    )


class SettingsSerializer(SettingsFields, GuardFields):
    """A bot's settings as they hold, with their version."""

    version = serializers.IntegerField(source="bot_instance.settings_version")
    updated_at = serializers.DateTimeField()


class AllSettingsSerializer(SettingsFields, GuardFields):
    version = IntegerField(min_value=1, help_text="The version that was looked at.")


class SomeSettingsSerializer(AllSettingsSerializer):
    def get_fields(self) -> dict[str, Any]:
        fields: dict[str, Any] = super().get_fields()
        for name, field in fields.items():
            field.required = name == "version"
        return fields


CHANGE_REFUSALS = [BotNotFound, bot_settings.NoSettings, bot_settings.SettingsChanged]
BODIES = {"replace": AllSettingsSerializer, "change": SomeSettingsSerializer}


class Settings(Resources[BotInstance]):
    """A bot's settings. A change names the version that it was made for."""

    queryset = BotInstance.objects.all()
    refusals: ClassVar = {
        "retrieve": [bot_settings.NoSettings],
        "replace": CHANGE_REFUSALS,
        "change": CHANGE_REFUSALS,
    }

    def get_serializer_class(self) -> Any:
        return BODIES.get(self.action, SettingsSerializer)

    def retrieve(self, _request: Request, pk: uuid.UUID) -> Response:  # noqa: ARG002
        """Tell the settings and their version."""
        settings = bot_settings.shown_settings(bot=self.get_object())
        return self.told(settings, SettingsSerializer)

    @extend_schema(responses=SettingsSerializer)
    def replace(self, request: Request, pk: uuid.UUID) -> Response:
        """Set all of the settings; 409 when they were changed since `version`."""
        return self.change(request, pk)

    @extend_schema(responses=SettingsSerializer)
    def change(self, _request: Request, pk: uuid.UUID) -> Response:  # noqa: ARG002
        """Set some of the settings; 409 when they were changed since `version`."""
        # First: what is not theirs is not there, whatever they send.
        bot = self.get_object()
        changes = self.sent()
        try:
            bot_settings.change_settings(
                bot=bot,
                version_seen=changes.pop("version"),
                changes=changes,
                actor=self.actor,
                now=self.now,
            )
        except limits.SettingsInvalid as error:
            raise ValidationError({error.field: [error.message]}) from error
        settings = bot_settings.shown_settings(bot=self.get_object())
        return self.told(settings, SettingsSerializer)
