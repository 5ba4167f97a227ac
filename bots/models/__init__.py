"""What runs under a license: bot instances, their settings, what they log."""

from bots.models.bots import (
    COMMANDS_OF_STATUS,
    FOURTEEN_HOURS_EAST,
    HALF_A_DAY_WEST,
    HEARTBEAT_SECONDS,
    MISSED_FOR,
    OFFLINE_AFTER,
    SLOW_AFTER,
    STATE_OF_STATUS,
    STATUS_OF_COMMAND,
    BotInstance,
    BotInstanceQuerySet,
    BotSource,
    BotState,
    BotStatus,
    Command,
)
from bots.models.commands import BotCommand, BotCommandQuerySet
from bots.models.guard import (
    GuardBreach,
    GuardBreachQuerySet,
    GuardKind,
    GuardOutcome,
    GuardPeak,
)
from bots.models.logs import BotLog, BotLogQuerySet, LogCategory, LogLevel
from bots.models.settings import (
    BotSettings,
    BotSettingsQuerySet,
    SettingsChange,
    SettingsChangeQuerySet,
)

__all__ = [
    "COMMANDS_OF_STATUS",
    "FOURTEEN_HOURS_EAST",
    "HALF_A_DAY_WEST",
    "HEARTBEAT_SECONDS",
    "MISSED_FOR",
    "OFFLINE_AFTER",
    "SLOW_AFTER",
    "STATE_OF_STATUS",
    "STATUS_OF_COMMAND",
    "BotCommand",
    "BotCommandQuerySet",
    "BotInstance",
    "BotInstanceQuerySet",
    "BotLog",
    "BotLogQuerySet",
    "BotSettings",
    "BotSettingsQuerySet",
    "BotSource",
    "BotState",
    "BotStatus",
    "Command",
    "GuardBreach",
    "GuardBreachQuerySet",
    "GuardKind",
    "GuardOutcome",
    "GuardPeak",
    "LogCategory",
    "LogLevel",
    "SettingsChange",
    "SettingsChangeQuerySet",
]
