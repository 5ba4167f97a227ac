"""JSON clients: what is on sale."""

from django.db.models import QuerySet
from rest_framework.mixins import ListModelMixin
from rest_framework.serializers import ModelSerializer

from licensing.models import Plan
from smarttrader.lib.api.resources import Resources


class PlanSerializer(ModelSerializer[Plan]):
    class Meta:
        model = Plan
        fields = [
            "license_type",
            "max_accounts",
            "grace_days",
            "term_days",
            "monthly_price",
            "yearly_price",
            "lifetime_price",
            "currency",
            "features",
        ]


class Plans(ListModelMixin, Resources[Plan]):
    """The plans that are on sale: the same for everybody, and few."""

    queryset = Plan.objects.order_by("max_accounts", "license_type")
    serializer_class = PlanSerializer
    pagination_class = None

    def get_queryset(self) -> QuerySet[Plan]:
        return self.queryset.all()
