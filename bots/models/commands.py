"""What owners tell their bots."""

from typing import Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from bots.models.bots import BotInstance, Command
from smarttrader.lib.actors import ActorType
from smarttrader.lib.database import one_of
from smarttrader.lib.ids import uuid7


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
