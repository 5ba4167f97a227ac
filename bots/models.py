"""What runs under a license: bot instances, their settings, what they log."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models.functions import Coalesce, Lower
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from licensing.models import License
from smarttrader.lib.actors import ActorType
from smarttrader.lib.database import CreatedAtField, DatabaseNow, UpdatedAtField, one_of
from smarttrader.lib.ids import uuid7
from smarttrader.lib.money import AmountField, TotalField

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


class BotCommandQuerySet(models.QuerySet["BotCommand"]):
    def visible_to(self, user: User) -> Self:
        return self.filter(user.owns_or_looks_after("bot_instance__user"))


class BotCommand(models.Model):
    """A command to a bot: queued by its owner, delivered, acknowledged by its status.

    A newer command supersedes one that is not acknowledged yet.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    bot_instance = models.ForeignKey(
        BotInstance, models.DO_NOTHING, related_name="commands"
    )
    command = models.CharField(max_length=20, choices=Command)
    queued_by_type = models.CharField(max_length=20, choices=ActorType)
    queued_by = models.UUIDField(blank=True, null=True, help_text=_("A user's id."))
    queued_at = models.DateTimeField()
    delivered_at = models.DateTimeField(blank=True, null=True)
    acknowledged_at = models.DateTimeField(blank=True, null=True)
    superseded_at = models.DateTimeField(blank=True, null=True)

    objects = BotCommandQuerySet.as_manager()

    class Meta:
        db_table = "bot_commands"
        constraints = [
            one_of("command", Command, name="bot_commands_command_valid"),
            one_of("queued_by_type", ActorType, name="bot_commands_queued_by_valid"),
            models.UniqueConstraint(
                fields=["bot_instance"],
                condition=models.Q(acknowledged_at=None, superseded_at=None),
                name="bot_commands_one_pending",
            ),
        ]

    def __str__(self) -> str:
        return self.get_command_display()


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

    def __str__(self) -> str:
        return gettext("Version %(version)s") % {"version": self.version}


class LogLevel(models.TextChoices):
    DEBUG = "DEBUG", _("Debug")
    INFO = "INFO", _("Info")
    WARNING = "WARNING", _("Warning")
    ERROR = "ERROR", _("Error")


class LogCategory(models.TextChoices):
    TRADE = "TRADE", _("Trade")
    SYSTEM = "SYSTEM", _("System")
    STRATEGY = "STRATEGY", _("Strategy")
    ERROR = "ERROR", _("Error")


class BotLogQuerySet(models.QuerySet["BotLog"]):
    def visible_to(self, user: User) -> Self:
        return self.filter(user.owns_or_looks_after("bot_instance__user"))


class BotLog(models.Model):
    """Partitioned monthly by created_at; kept 90 days."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    bot_instance = models.ForeignKey(
        BotInstance, models.DO_NOTHING, related_name="logs"
    )
    log_level = models.CharField(max_length=20, choices=LogLevel)
    category = models.CharField(max_length=50, choices=LogCategory)
    message = models.TextField()
    metadata = models.JSONField(blank=True, null=True)
    created_at = models.DateTimeField(db_default=DatabaseNow())

    objects = BotLogQuerySet.as_manager()

    class Meta:
        db_table = "bot_logs"
        constraints = [
            one_of("log_level", LogLevel, name="bot_logs_log_level_valid"),
            one_of("category", LogCategory, name="bot_logs_category_valid"),
        ]
        indexes = [
            models.Index(fields=["log_level"], name="bot_logs_log_level"),
            models.Index(fields=["category"], name="bot_logs_category"),
            models.Index(fields=["created_at"], name="bot_logs_created_at"),
            models.Index(
                fields=["bot_instance", "-created_at"], name="bot_logs_bot_newest"
            ),
        ]

    def __str__(self) -> str:
        return self.message
