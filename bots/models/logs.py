"""What bots log."""

from typing import Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from bots.models.bots import BotInstance
from smarttrader.lib.database import DatabaseNow, one_of
from smarttrader.lib.ids import uuid7


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
