"""What happened and waits to be told, and what was told."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from bots.models import BotInstance
from notifications.catalog import Event
from smarttrader.lib.database import one_of
from smarttrader.lib.ids import uuid7
from smarttrader.lib.money import TotalField


class BotNews(models.Model):
    """What a call of an EA brought, until a sweep tells of all that there is.

    One row for a call and kind: a busy bot is one message a minute, not a hundred.
    `lines` are the first of them, for people; `net` is what closed trades brought.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    bot_instance = models.ForeignKey(
        BotInstance, models.DO_NOTHING, related_name="news"
    )
    event = models.CharField(max_length=40, choices=Event)
    count = models.PositiveIntegerField()
    net = TotalField(blank=True, null=True)
    lines = models.JSONField(default=list)

    class Meta:
        db_table = "bot_news"
        constraints = [one_of("event", Event, name="bot_news_event_valid")]

    def __str__(self) -> str:
        return f"{self.count} x {self.event}"


class ErrorSeries(models.Model):
    """A bot that goes on logging errors: what is held until its owner is told again.

    `count` and `lines` are those that nobody was told of; `pause` is how long they are
    held, and doubles. The row goes when the bot was calm for some hours.
    """

    bot_instance = models.OneToOneField(
        BotInstance, models.DO_NOTHING, primary_key=True, related_name="error_series"
    )
    pause = models.DurationField()
    next_at = models.DateTimeField()
    told_at = models.DateTimeField(blank=True, null=True)
    last_error_at = models.DateTimeField()
    count = models.PositiveIntegerField(default=0)
    lines = models.JSONField(default=list)

    class Meta:
        db_table = "error_series"
        verbose_name_plural = _("error series")

    def __str__(self) -> str:
        return f"{self.count} errors held until {self.next_at:%Y-%m-%d %H:%M}"


class ToldCause(models.Model):
    """A cause that people were told of, so that nobody is told again."""

    key = models.CharField(primary_key=True, max_length=100)
    told_at = models.DateTimeField(db_index=True)

    class Meta:
        db_table = "told_causes"

    def __str__(self) -> str:
        return self.key
