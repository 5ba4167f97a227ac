"""JSON clients: the inbox."""

import uuid
from typing import Any, ClassVar

from django_filters.rest_framework import FilterSet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from notifications.models import Notification
from notifications.queries.inbox import MOST_COUNTED, unread_count
from notifications.services.inbox import mark_read
from smarttrader.lib.api.fields import ObjectField, UUIDField
from smarttrader.lib.api.filters import TrueOrFalse
from smarttrader.lib.api.resources import ReadableResources
from smarttrader.lib.api.serializers import StrictSerializer


class NotificationSerializer(serializers.ModelSerializer[Notification]):
    metadata = ObjectField()

    class Meta:
        model = Notification
        fields = ["id", "type", "title", "message", "is_read", "metadata", "created_at"]


class NotificationFilter(FilterSet):  # type: ignore[misc]
    is_read = TrueOrFalse()

    class Meta:
        model = Notification
        fields = ["type"]


class UpToSerializer(StrictSerializer):
    up_to = UUIDField(
        required=False,
        help_text="The newest that was seen: later ones stay unread.",
    )


class MarkedSerializer(serializers.Serializer[Any]):
    marked = serializers.IntegerField(min_value=0)


class UnreadSerializer(serializers.Serializer[Any]):
    count = serializers.IntegerField(min_value=0, max_value=MOST_COUNTED)


class Notifications(ReadableResources[Notification]):
    """The caller's own inbox, the newest first; nobody reads another's."""

    queryset = Notification.objects.all()
    filterset_class = NotificationFilter
    bodies: ClassVar = {"read": StrictSerializer, "read_all": UpToSerializer}

    def get_serializer_class(self) -> Any:
        return self.bodies.get(self.action, NotificationSerializer)

    @extend_schema(responses=UnreadSerializer)
    def unread(self, _request: Request) -> Response:
        """Count what is unread; 100 stands for 100 or more."""
        return self.told({"count": unread_count(self.caller)}, UnreadSerializer)

    @extend_schema(request=None, responses=NotificationSerializer)
    def read(self, _request: Request, pk: uuid.UUID) -> Response:
        """Mark one as read; once more changes nothing."""
        self.sent()
        mark_read(user=self.get_object().user, only=pk)
        return self.told(self.get_object(), NotificationSerializer)

    @extend_schema(responses=MarkedSerializer)
    def read_all(self, _request: Request) -> Response:
        """Mark all as read, or all up to the one that is named."""
        marked = mark_read(user=self.caller, up_to=self.sent().get("up_to"))
        return self.told({"marked": marked}, MarkedSerializer)
