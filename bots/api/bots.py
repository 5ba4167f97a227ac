"""JSON clients: bots, their settings and what they are told to do."""

import uuid
from typing import Any, ClassVar, TypeVar

import django_filters
from django.db.models import Model, QuerySet
from django.shortcuts import get_object_or_404
from django_filters.rest_framework import FilterSet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from bots.models import BotCommand, BotInstance, BotState, Command, GuardBreach
from bots.queries import BotNotFound
from bots.services import commands, instances
from smarttrader.lib.api.fields import TextField
from smarttrader.lib.api.filters import TrueOrFalse
from smarttrader.lib.api.resources import ReadableResources, Resources
from smarttrader.lib.api.serializers import StrictSerializer

Row = TypeVar("Row", bound=Model)


class BotSerializer(serializers.ModelSerializer[BotInstance]):
    """A bot. `status` is its own word, `state` what we make of it by our clock."""

    state = serializers.SerializerMethodField()

    class Meta:
        model = BotInstance
        fields = [
            "id",
            "user",
            "license",
            "instance_name",
            "mt4_account",
            "broker_name",
            "broker_server",
            "source",
            "status",
            "state",
            "is_live",
            "last_heartbeat",
            "started_at",
            "stopped_at",
            "released_at",
            "ea_version",
            "account_currency",
            "balance",
            "equity",
            "open_trades",
            "heartbeat_message",
            "utc_offset_minutes",
            "settings_version",
            "guard_enabled",
            "pending_command",
            "created_at",
            "updated_at",
        ]

    def get_state(self, bot: BotInstance) -> BotState:
        return bot.state(self.context["view"].now)


class BotNameSerializer(StrictSerializer):
    instance_name = TextField(max_length=100)


class BotFilter(FilterSet):  # type: ignore[misc]
    user = django_filters.UUIDFilter(field_name="user_id")
    license = django_filters.UUIDFilter(field_name="license_id")
    is_live = TrueOrFalse()

    class Meta:
        model = BotInstance
        fields = ["status", "source", "mt4_account"]


class Bots(ReadableResources[BotInstance]):
    """Bots, the newest first."""

    queryset = BotInstance.objects.all()
    serializer_class = BotSerializer
    filterset_class = BotFilter

    def get_serializer_class(self) -> Any:
        is_rename = self.action == "rename"
        return BotNameSerializer if is_rename else BotSerializer

    @extend_schema(responses=BotSerializer)
    def rename(self, _request: Request, pk: uuid.UUID) -> Response:  # noqa: ARG002
        """Give the bot another name to show. Its EA keeps its own for it."""
        instances.rename(
            bot=self.get_object(), name=self.sent()["instance_name"], now=self.now
        )
        return self.told(self.get_object(), BotSerializer)


class CommandSerializer(serializers.ModelSerializer[BotCommand]):
    """What a bot was told: its status acknowledges it, a newer one supersedes it."""

    bot = serializers.UUIDField(source="bot_instance_id")

    class Meta:
        model = BotCommand
        fields = [
            "id",
            "bot",
            "command",
            "queued_by_type",
            "queued_at",
            "delivered_at",
            "acknowledged_at",
            "superseded_at",
        ]


class BreachSerializer(serializers.ModelSerializer[GuardBreach]):
    """A limit that a bot passed on a day of its broker, and what came of it.

    It holds the bot while `outcome` is paused and `lifted_at` empty.
    """

    bot = serializers.UUIDField(source="bot_instance_id")

    class Meta:
        model = GuardBreach
        fields = [
            "id",
            "bot",
            "kind",
            "broker_day",
            "at",
            "outcome",
            "figure",
            "allowed",
            "currency",
            "lifted_at",
            "lifted_by_type",
        ]


class NewCommandSerializer(StrictSerializer):
    command = serializers.ChoiceField(Command.choices)


class OfOneBot(ListModelMixin, Resources[Row]):
    """What one bot has, the newest first."""

    def get_queryset(self) -> QuerySet[Row]:
        return super().get_queryset().filter(bot_instance=self._bot())

    def _bot(self) -> BotInstance:
        visible = BotInstance.objects.visible_to(self.caller)
        return get_object_or_404(visible, pk=self.kwargs["pk"])


class Breaches(OfOneBot[GuardBreach]):
    """What limits one bot has passed under the risk guard, the newest first."""

    queryset = GuardBreach.objects.all()
    serializer_class = BreachSerializer


class BotCommands(OfOneBot[BotCommand]):
    """What one bot was told, the newest first."""

    queryset = BotCommand.objects.all()
    serializer_class = CommandSerializer
    refusals: ClassVar = {"queue": [BotNotFound, commands.BotNotConnected]}

    def get_serializer_class(self) -> Any:
        return NewCommandSerializer if self.action == "queue" else CommandSerializer

    @extend_schema(responses={201: CommandSerializer})
    def queue(self, _request: Request, pk: uuid.UUID) -> Response:  # noqa: ARG002
        """Tell the bot to pause, resume or stop. It hears it by its next heartbeat."""
        queued = commands.queue_command(
            bot=self._bot(),
            command=Command(self.sent()["command"]),
            actor=self.actor,
            now=self.now,
        )
        return self.told(queued, CommandSerializer, status=201)
