"""Bot instances: who runs where, and how they are doing."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Self

from django.conf import settings
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models.functions import Coalesce, Lower
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from licensing.models import License
from smarttrader.lib.database import CreatedAtField, UpdatedAtField, one_of
from smarttrader.lib.ids import uuid7
from smarttrader.lib.money import TotalField

HALF_A_DAY_WEST, FOURTEEN_HOURS_EAST = -720, 840


class BotStatus(models.TextChoices):
    RUNNING = "running", _("Running")
    STOPPED = "stopped", _("Stopped")
    PAUSED = "paused", _("Paused")
    ERROR = "error", _("Error")


class BotSource(models.TextChoices):
    EA = "ea", _("Expert Advisor")
    STATEMENT = "statement", _("Imported statement")


class BotState(models.TextChoices):
    """How a bot is doing, by our clock: what pages show."""

    ONLINE = "online", _("Online")
    SLOW = "slow", _("Slow")
    OFFLINE = "offline", _("Offline")
    PAUSED = "paused", _("Paused")
    STOPPED = "stopped", _("Stopped")
    ERROR = "error", _("Error")
    NEVER_CONNECTED = "never_connected", _("Never connected")
    IMPORTED = "imported", _("Imported")


# An EA beats each minute; three missed beats are offline, more than one is slow.
HEARTBEAT_SECONDS: int = settings.EA_HEARTBEAT_SECONDS
SLOW_AFTER = timedelta(seconds=1.5 * HEARTBEAT_SECONDS)
OFFLINE_AFTER = timedelta(seconds=3 * HEARTBEAT_SECONDS)
# Whoever let a bot rest for longer does not miss it.
MISSED_FOR = timedelta(days=7)
STATE_OF_STATUS = {
    BotStatus.PAUSED: BotState.PAUSED,
    BotStatus.STOPPED: BotState.STOPPED,
    BotStatus.ERROR: BotState.ERROR,
}


class Command(models.TextChoices):
    """What an owner tells a bot; its status acknowledges it."""

    PAUSE = "pause", _("Pause")
    RESUME = "resume", _("Resume")
    STOP = "stop", _("Stop")


STATUS_OF_COMMAND = {
    Command.PAUSE: BotStatus.PAUSED,
    Command.RESUME: BotStatus.RUNNING,
    Command.STOP: BotStatus.STOPPED,
}
# What makes a difference to a bot that has, or is about to have, this status.
COMMANDS_OF_STATUS = {
    BotStatus.RUNNING: (Command.PAUSE, Command.STOP),
    BotStatus.PAUSED: (Command.RESUME, Command.STOP),
    BotStatus.STOPPED: (Command.RESUME,),
    BotStatus.ERROR: (Command.RESUME, Command.PAUSE, Command.STOP),
}


class BotInstanceQuerySet(models.QuerySet["BotInstance"]):
    def visible_to(self, user: User) -> Self:
        return self.filter(user.owns_or_looks_after("user"))

    def live(self) -> Self:
        """Keep those that take a slot: not released, not only a statement's."""
        return self.filter(source=BotSource.EA, released_at=None)

    def online(self, now: datetime) -> Self:
        """Keep those that were heard of lately, whatever they do."""
        return self.live().filter(last_heartbeat__gte=now - OFFLINE_AFTER)

    def needing_attention(self, now: datetime) -> Self:
        """Keep those that fell silent within a week, and are silent still."""
        return self.live().filter(offline_at__gt=now - MISSED_FOR)

    def of_account(self, user: User, mt4_account: str) -> Self:
        return self.filter(user=user, mt4_account=mt4_account)


class BotInstance(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, models.DO_NOTHING, related_name="bot_instances")
    license = models.ForeignKey(
        License, models.DO_NOTHING, related_name="bot_instances"
    )
    instance_name = models.CharField(max_length=100)
    mt4_account = models.CharField(max_length=50)
    broker_name = models.CharField(max_length=100)
    broker_server = models.CharField(max_length=100, blank=True, null=True)
    status = models.CharField(
        max_length=20, choices=BotStatus, db_default=BotStatus.STOPPED
    )
    is_live = models.BooleanField(db_default=False)
    last_heartbeat = models.DateTimeField(blank=True, null=True)
    started_at = models.DateTimeField(blank=True, null=True)
    stopped_at = models.DateTimeField(blank=True, null=True)
    created_at = CreatedAtField()
    updated_at = UpdatedAtField()

    # An instance that only holds an imported statement takes no activation slot.
    source = models.CharField(
        max_length=20, choices=BotSource, db_default=BotSource.EA, editable=False
    )
    account_currency = models.CharField(max_length=3, blank=True, db_default="")
    utc_offset_minutes = models.SmallIntegerField(
        db_default=0, help_text=_("Broker time minus UTC, east positive.")
    )
    released_at = models.DateTimeField(
        blank=True, null=True, help_text=_("When its slot was freed; an EA revives it.")
    )
    activated_as = models.CharField(
        max_length=100,
        blank=True,
        null=True,
        editable=False,
        help_text=_(
            "What its EA calls it, since its owner renamed it; empty: the same."
        ),
    )
    # Each token carries the version it was made for; a step makes them all invalid.
    token_version = models.PositiveIntegerField(db_default=1, editable=False)
    hardware_id_hmac = models.CharField(
        max_length=64, blank=True, db_default="", editable=False
    )
    ea_version = models.CharField(max_length=50, blank=True, db_default="")
    settings_version = models.PositiveIntegerField(db_default=1, editable=False)
    # What the latest heartbeat told, in the account's currency.
    balance = TotalField(blank=True, null=True)
    equity = TotalField(blank=True, null=True)
    open_trades = models.PositiveIntegerField(blank=True, null=True)
    heartbeat_message = models.CharField(max_length=255, blank=True, db_default="")
    # Set by the sweep that tells its owner, cleared by the next heartbeat.
    offline_at = models.DateTimeField(blank=True, null=True, editable=False)
    guard_enabled = models.BooleanField(
        db_default=False, help_text=_("Whether the risk guard pauses it.")
    )
    # The command that its status has not acknowledged yet.
    pending_command = models.CharField(
        max_length=20, choices=Command, blank=True, null=True, editable=False
    )

    objects = BotInstanceQuerySet.as_manager()

    class Meta:
        db_table = "bot_instances"
        constraints = [
            models.UniqueConstraint(
                "license",
                "mt4_account",
                Lower(Coalesce("broker_server", models.Value(""))),
                Coalesce("activated_as", "instance_name"),
                name="bot_instances_unique",
            ),
            one_of("status", BotStatus, name="bot_instances_status_valid"),
            one_of("source", BotSource, name="bot_instances_source_valid"),
            one_of(
                "pending_command", Command, name="bot_instances_pending_command_valid"
            ),
            models.CheckConstraint(
                condition=models.Q(
                    utc_offset_minutes__range=(HALF_A_DAY_WEST, FOURTEEN_HOURS_EAST)
                ),
                name="bot_instances_utc_offset_valid",
            ),
        ]
        indexes = [
            models.Index(fields=["status"], name="bot_instances_status"),
            BrinIndex(fields=["last_heartbeat"], name="bot_instances_last_heartbeat"),
            BrinIndex(fields=["created_at"], name="bot_instances_created_at"),
            BrinIndex(fields=["updated_at"], name="bot_instances_updated_at"),
            models.Index(
                fields=["user", "mt4_account"], name="bot_instances_user_account"
            ),
            models.Index(
                fields=["offline_at"],
                condition=models.Q(offline_at__isnull=False),
                name="bot_instances_silent",
            ),
        ]

    def __str__(self) -> str:
        return self.instance_name

    @property
    def name_of_its_ea(self) -> str:
        return self.activated_as or self.instance_name

    @property
    def is_connected(self) -> bool:
        """Whether an EA is expected to be heard: not a file's, not a released one."""
        return self.source == BotSource.EA and self.released_at is None

    @property
    def commands_offered(self) -> tuple[Command, ...]:
        """Return what its owner may tell it, given what it does and was told last."""
        if not self.is_connected:
            return ()
        status = BotStatus(self.status)
        if self.pending_command:
            status = STATUS_OF_COMMAND[Command(self.pending_command)]
        return COMMANDS_OF_STATUS[status]

    def broker_day(self, now: datetime) -> date:
        """Return the date on its broker's clock."""
        return (now + timedelta(minutes=self.utc_offset_minutes)).date()

    def start_of_broker_day(self, day: date) -> datetime:
        """Return when a day began, or begins, on its broker's clock."""
        midnight = datetime.combine(day, time(), UTC)
        return midnight - timedelta(minutes=self.utc_offset_minutes)

    def state(self, now: datetime) -> BotState:
        """Return how the bot is doing, decided from its last heartbeat by our clock."""
        if self.source == BotSource.STATEMENT:
            return BotState.IMPORTED
        if self.last_heartbeat is None:
            return BotState.NEVER_CONNECTED
        silence = now - self.last_heartbeat
        if self.released_at or silence > OFFLINE_AFTER:
            return BotState.OFFLINE
        if self.status in STATE_OF_STATUS:
            return STATE_OF_STATUS[BotStatus(self.status)]
        return BotState.SLOW if silence > SLOW_AFTER else BotState.ONLINE
