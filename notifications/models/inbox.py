"""The inbox."""

from typing import Self

from django.contrib.postgres.indexes import BrinIndex
from django.db import models

from accounts.models import User
from notifications.catalog import NotificationType
from smarttrader.lib.database import CreatedAtField, one_of
from smarttrader.lib.ids import uuid7


class NotificationQuerySet(models.QuerySet["Notification"]):
    def visible_to(self, user: User) -> Self:
        """Keep a user's own: an inbox is nobody else's, not even a reseller's."""
        return self.filter(user=user)


class Notification(models.Model):
    """A line of a user's inbox; kept 30 days."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, models.DO_NOTHING, related_name="notifications")
    type = models.CharField(max_length=20, choices=NotificationType)
    title = models.CharField(max_length=200)
    message = models.TextField()
    is_read = models.BooleanField(db_default=False)
    metadata = models.JSONField(blank=True, null=True)
    created_at = CreatedAtField()

    objects = NotificationQuerySet.as_manager()

    class Meta:
        db_table = "notifications"
        constraints = [
            one_of("type", NotificationType, name="notifications_type_valid")
        ]
        indexes = [
            models.Index(fields=["is_read"], name="notifications_is_read"),
            BrinIndex(fields=["created_at"], name="notifications_created_at"),
            # An inbox page by page, and what every page counts.
            models.Index(
                fields=["user", "created_at", "id"], name="notifications_inbox"
            ),
            models.Index(
                fields=["user", "created_at", "id"],
                condition=models.Q(is_read=False),
                name="notifications_unread",
            ),
        ]

    def __str__(self) -> str:
        return self.title
