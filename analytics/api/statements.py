"""JSON clients: MetaTrader's statements, uploaded and checked to the cent."""

from typing import Any, BinaryIO, ClassVar, cast

from django.conf import settings
from django.shortcuts import get_object_or_404
from django_filters.rest_framework import FilterSet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from analytics.queries.statements import with_checks
from analytics.services.statements import import_statement
from bots.models import BotInstance
from bots.queries import BotNotFound
from smarttrader.jobs.partitions import OutsidePartitions
from smarttrader.lib.api.fields import FileField
from smarttrader.lib.api.resources import ReadableResources
from smarttrader.lib.api.serializers import StrictSerializer
from smarttrader.lib.api.uploads import UploadParser
from trading.models import StatementImport
from trading.services import statements
from trading.services.statements import StatementFile
from trading.statements.reader import StatementUnreadable

FARTHEST_WEST, FARTHEST_EAST = -12 * 60, 14 * 60


class StatementParser(UploadParser):
    max_bytes = settings.STATEMENT_MAX_BYTES


class StatementSerializer(serializers.ModelSerializer[StatementImport]):
    """An import; `mismatches` counts figures that are not as MetaTrader printed."""

    bot = serializers.UUIDField(source="bot_instance_id")
    mismatches = serializers.SerializerMethodField()

    class Meta:
        model = StatementImport
        fields = [
            "id",
            "user",
            "bot",
            "file_name",
            "sha256",
            "mt4_account",
            "currency",
            "printed_at",
            "trades",
            "open_trades",
            "cancelled_orders",
            "created_rows",
            "updated_rows",
            "unchanged_rows",
            "mismatches",
            "created_at",
        ]

    def get_mismatches(self, record: StatementImport) -> int | None:
        check = getattr(record, "check_result", None)
        return None if check is None else check.mismatches


class FigureSerializer(serializers.Serializer[Any]):
    """A figure of the summary as MetaTrader printed it, and as our rows give it."""

    name = serializers.CharField()
    printed = serializers.CharField()
    ours = serializers.CharField()
    equal = serializers.BooleanField()


class CheckedStatementSerializer(StatementSerializer):
    figures = FigureSerializer(source="check_result.figures", many=True, default=[])

    class Meta(StatementSerializer.Meta):
        fields = [*StatementSerializer.Meta.fields, "figures"]


class UploadSerializer(StrictSerializer):
    file = FileField(help_text="MetaTrader's report, as it was saved.")
    bot = serializers.UUIDField(
        required=False, help_text="Without it: found by the account number."
    )
    utc_offset_minutes = serializers.IntegerField(
        required=False,
        min_value=FARTHEST_WEST,
        max_value=FARTHEST_EAST,
        help_text="The broker's time minus UTC. Without it: as before, else 0.",
    )


class StatementFilter(FilterSet):  # type: ignore[misc]
    class Meta:
        model = StatementImport
        fields = ["mt4_account"]


class Statements(ReadableResources[StatementImport]):
    """Imported statements, the newest first."""

    queryset = with_checks()
    filterset_class = StatementFilter
    refusals: ClassVar = {
        "upload": [
            BotNotFound,
            StatementUnreadable,
            OutsidePartitions,
            statements.StatementDisagrees,
            statements.StatementTooLarge,
            statements.NoLicense,
            statements.AccountMismatch,
            statements.CurrencyMismatch,
            statements.ImportRunning,
        ]
    }

    def get_parsers(self) -> list[Any]:
        is_upload = self.request and self.request.method == "POST"
        return [StatementParser()] if is_upload else super().get_parsers()

    def get_serializer_class(self) -> Any:
        if self.action == "upload":
            return UploadSerializer
        is_list = self.action == "list"
        return StatementSerializer if is_list else CheckedStatementSerializer

    @extend_schema(responses={201: CheckedStatementSerializer})
    def upload(self, _request: Request) -> Response:
        """Import a statement of the caller's own account, all of it or nothing."""
        sent = self.sent()
        imported = import_statement(
            user=self.caller,
            file=StatementFile(
                content=cast("BinaryIO", sent["file"].file), name=sent["file"].name
            ),
            bot=self._own_bot(sent.get("bot")),
            utc_offset_minutes=sent.get("utc_offset_minutes"),
            now=self.now,
        )
        record = get_object_or_404(with_checks(), pk=imported.record.pk)
        return self.told(record, CheckedStatementSerializer, status=201)

    def _own_bot(self, pk: Any) -> BotInstance | None:
        """Return the bot that is named; not even staff import for somebody else."""
        if pk is None:
            return None
        bot = BotInstance.objects.filter(user=self.caller, pk=pk).first()
        if bot is None:
            raise BotNotFound
        return bot
