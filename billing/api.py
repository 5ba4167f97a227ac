"""JSON clients: what they pay for, to look at."""

from django_filters.rest_framework import FilterSet, UUIDFilter
from rest_framework import serializers
from rest_framework.serializers import ModelSerializer

from billing.models import CreditNote, Invoice, Subscription
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
            "license",
            "anchor_day",
            "cancel_at_period_end",
            "past_due_since",
            "payment_failed_at",
            "next_plan_type",
            "next_billing_cycle",
            "next_amount",
            "next_plan_at",
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


PAPER = [
    "id",
    "number",
    "user_id",
    "subscription_id",
    "payment_id",
    "buyer_name",
    "buyer_email",
    "lines",
    "total",
    "currency",
    "issued_at",
]


class LineSerializer(serializers.Serializer[dict[str, str]]):
    text = serializers.CharField()
    amount = serializers.DecimalField(max_digits=10, decimal_places=2)


class InvoiceSerializer(ModelSerializer[Invoice]):
    number = serializers.CharField(read_only=True)
    lines = LineSerializer(many=True, read_only=True)

    class Meta:
        model = Invoice
        fields = PAPER


class CreditNoteSerializer(ModelSerializer[CreditNote]):
    number = serializers.CharField(read_only=True)
    lines = LineSerializer(many=True, read_only=True)

    class Meta:
        model = CreditNote
        fields = [*PAPER, "invoice"]


class InvoiceFilter(FilterSet):  # type: ignore[misc]
    class Meta:
        model = Invoice
        fields = ["subscription_id", "payment_id"]


class CreditNoteFilter(FilterSet):  # type: ignore[misc]
    invoice = UUIDFilter(field_name="invoice_id")

    class Meta:
        model = CreditNote
        fields = ["subscription_id"]


class Invoices(ReadableResources[Invoice]):
    """Invoices, the newest first."""

    queryset = Invoice.objects.all()
    serializer_class = InvoiceSerializer
    filterset_class = InvoiceFilter


class CreditNotes(ReadableResources[CreditNote]):
    """Credit notes, each to an invoice, the newest first."""

    queryset = CreditNote.objects.all()
    serializer_class = CreditNoteSerializer
    filterset_class = CreditNoteFilter
