"""JSON clients: licenses, and what their owners do to them."""

import uuid
from typing import Any, ClassVar

import django_filters
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django_filters.rest_framework import FilterSet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import require_password
from accounts.services.passwords import PasswordWrong
from accounts.validators import MAXIMUM_LENGTH
from bots import queries
from bots.models import BotInstance
from bots.services import licenses, releases
from licensing.models import License, LicenseStatus
from licensing.services import secrets
from licensing.services.hardware import TooManyHardwareResets
from licensing.services.locks import LicenseGone, LicenseRevoked
from licensing.services.sealing import KeyringMismatch
from licensing.standing import current_standing
from smarttrader.lib import clock
from smarttrader.lib.api.fields import TextField, VerbatimField
from smarttrader.lib.api.resources import ReadableResources
from smarttrader.lib.api.serializers import StrictSerializer

LONGEST_REASON = 255


class AccountSerializer(serializers.ModelSerializer[BotInstance]):
    bot = serializers.UUIDField(source="pk")

    class Meta:
        model = BotInstance
        fields = ["bot", "instance_name", "mt4_account", "broker_name", "broker_server"]


class LicenseSerializer(serializers.ModelSerializer[License]):
    """A license whose key is masked; `status` is decided now, not when a job ran."""

    masked_key = serializers.CharField()
    status = serializers.SerializerMethodField()
    is_hardware_locked = serializers.SerializerMethodField()
    accounts_used = serializers.SerializerMethodField()
    accounts = AccountSerializer(source="live_bots", many=True)

    class Meta:
        model = License
        fields = [
            "id",
            "user",
            "masked_key",
            "license_type",
            "status",
            "max_accounts",
            "accounts_used",
            "accounts",
            "is_hardware_locked",
            "issued_at",
            "expires_at",
            "last_validated",
            "activation_count",
        ]

    def get_status(self, license: License) -> LicenseStatus:
        now = self.context["view"].now
        return current_standing(license, now).license_status

    def get_is_hardware_locked(self, license: License) -> bool:
        return license.hardware_id is not None

    def get_accounts_used(self, license: License) -> int:
        return len(queries.accounts_of(license.live_bots))  # type: ignore[attr-defined]


class LicenseKeySerializer(serializers.Serializer[Any]):
    license_key = serializers.CharField()


class ReleasedSerializer(serializers.Serializer[Any]):
    released = serializers.IntegerField(min_value=1)


class ReasonSerializer(StrictSerializer):
    reason = TextField(
        max_length=LONGEST_REASON,
        allow_blank=True,
        default="",
        help_text="For the license's history.",
    )


class ProofSerializer(ReasonSerializer):
    password = VerbatimField(
        max_length=MAXIMUM_LENGTH, help_text="The caller's own, once more."
    )


class LicenseFilter(FilterSet):  # type: ignore[misc]
    status = django_filters.ChoiceFilter(choices=LicenseStatus.choices, method="keep")
    user = django_filters.UUIDFilter(field_name="user_id")

    class Meta:
        model = License
        fields = ["license_type"]

    def keep(
        self, rows: QuerySet[License], _name: str, value: str
    ) -> QuerySet[License]:
        return rows.of_status(LicenseStatus(value), clock.now())  # type: ignore[attr-defined,no-any-return]


BODIES: dict[str, type[StrictSerializer]] = {
    "reveal": ProofSerializer,
    "rotate": ProofSerializer,
    "reset_hardware": ReasonSerializer,
    "release": StrictSerializer,
}


class Licenses(ReadableResources[License]):
    """Licenses, the newest first, with the accounts that they are in use on."""

    queryset = License.objects.with_standing()
    serializer_class = LicenseSerializer
    filterset_class = LicenseFilter
    refusals: ClassVar = {
        "reveal": [PasswordWrong, KeyringMismatch, LicenseGone],
        "rotate": [PasswordWrong, KeyringMismatch, LicenseGone, LicenseRevoked],
        "reset_hardware": [TooManyHardwareResets, LicenseGone, LicenseRevoked],
        "release": [releases.NoSuchAccount, LicenseGone],
    }

    def get_queryset(self) -> QuerySet[License]:
        return queries.licenses_in_use(super().get_queryset())

    def get_serializer_class(self) -> Any:
        return BODIES.get(self.action, LicenseSerializer)

    @extend_schema(responses=LicenseKeySerializer)
    def reveal(self, _request: Request, pk: uuid.UUID) -> Response:  # noqa: ARG002
        """Tell the key. Needs the caller's password; the license's history tells."""
        key = secrets.reveal_key(
            license=self.get_object(),
            actor=self.actor,
            reason=self._proven()["reason"],
            now=self.now,
        )
        return self.told({"license_key": key}, LicenseKeySerializer)

    @extend_schema(responses=LicenseKeySerializer)
    def rotate(self, _request: Request, pk: uuid.UUID) -> Response:  # noqa: ARG002
        """Replace a key that leaked, and tell the new one. EAs need it to go on."""
        issued = licenses.rotate_key(
            license=self.get_object(),
            actor=self.actor,
            reason=self._proven()["reason"],
            now=self.now,
        )
        return self.told({"license_key": issued.key}, LicenseKeySerializer)

    @extend_schema(responses=LicenseSerializer)
    def reset_hardware(self, _request: Request, pk: uuid.UUID) -> Response:  # noqa: ARG002
        """Unlock it from its computer: the next activation locks it to another."""
        licenses.reset_hardware(
            license=self.get_object(),
            actor=self.actor,
            reason=self.sent()["reason"],
            now=self.now,
        )
        return self.told(self.get_object(), LicenseSerializer)

    @extend_schema(request=None, responses=ReleasedSerializer)
    def release(
        self,
        _request: Request,
        pk: uuid.UUID,  # noqa: ARG002
        bot_id: uuid.UUID,
    ) -> Response:
        """Free the account of a bot; all of the license's bots on it end."""
        self.sent()
        license = self.get_object()
        bot = get_object_or_404(license.bot_instances, pk=bot_id)
        released = releases.release_account(
            license=license,
            mt4_account=bot.mt4_account,
            broker_server=bot.broker_server or "",
            actor=self.actor,
            now=self.now,
        )
        return self.told({"released": released}, ReleasedSerializer)

    def _proven(self) -> dict[str, Any]:
        """Return what was sent, once the password in it proved the caller."""
        sent = self.sent()
        require_password(self.request, sent.pop("password"))
        return sent
