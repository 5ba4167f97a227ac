"""JSON clients: what they pay for, to look at."""

from django_filters.rest_framework import FilterSet
from rest_framework.serializers import ModelSerializer

from billing.models import Subscription
from smarttrader.lib.api.resources import ReadableResources


class SubscriptionSerializer(ModelSerializer[Subscription]):
    class Meta:
        model = Subscription
        fields = [
            "id",
            "user",
            "plan_type",
            "status",
            "payment_method",
            "amount",
            "currency",
            "billing_cycle",
            "current_period_start",
            "current_period_end",
            "cancelled_at",
            "created_at",
            "updated_at",
        ]


class SubscriptionFilter(FilterSet):  # type: ignore[misc]
    class Meta:
        model = Subscription
        fields = ["status", "plan_type", "billing_cycle"]


class Subscriptions(ReadableResources[Subscription]):
    """Subscriptions, the newest first."""

    queryset = Subscription.objects.all()
    serializer_class = SubscriptionSerializer
    filterset_class = SubscriptionFilter
