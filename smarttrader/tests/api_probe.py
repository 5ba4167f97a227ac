"""A few calls behind the user API's walls, to try the walls themselves."""

from decimal import Decimal
from typing import Any

from django.core.exceptions import SuspiciousOperation
from django.db import DataError, IntegrityError, OperationalError, connection
from django.urls import include, path, re_path
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from smarttrader.lib.api import fields
from smarttrader.lib.api.serializers import StrictSerializer
from smarttrader.lib.api.views import UnknownPath
from smarttrader.lib.errors import DomainError


class Inner(StrictSerializer):
    text = fields.TextField(max_length=20)


class Everything(StrictSerializer):
    id = serializers.UUIDField(read_only=True)
    text = fields.TextField(max_length=20, required=False)
    blank = fields.TextField(max_length=20, required=False, allow_blank=True)
    verbatim = fields.VerbatimField(max_length=20, required=False)
    number = fields.IntegerField(required=False)
    truth = fields.BooleanField(required=False)
    amount = fields.DecimalField(max_digits=10, decimal_places=2, required=False)
    moment = fields.MomentField(required=False)
    other = fields.UUIDField(required=False)
    items = fields.ListField(max_length=3, child=Inner(), required=False)


class Echo(APIView):
    """Answers with what it understood."""

    authentication_classes = ()
    permission_classes = ()

    def post(self, request: Request) -> Response:
        told = Everything(data=request.data)
        told.is_valid(raise_exception=True)
        return Response(Everything(told.validated_data).data)


class Amount(APIView):
    """Answers with a bare Decimal, which no serializer has made a text of."""

    authentication_classes = ()
    permission_classes = ()

    def get(self, _request: Request) -> Response:
        return Response({"amount": Decimal("1E+2")})


class Whoami(APIView):
    def get(self, request: Request) -> Response:
        return Response({"email": str(request.user)})


class TicketSold(DomainError):
    code = "TICKET_SOLD"
    title = "The ticket is sold"
    kind = "conflict"


def violate_uniqueness() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO plans SELECT * FROM plans"  # each of them is there already
        )


FAILURES: dict[str, Any] = {
    "domain": TicketSold("Ticket 7 is sold."),
    "operational": OperationalError("gone"),
    "data": DataError("too long"),
    "integrity": IntegrityError("a check"),
    "recursion": RecursionError("deep"),
    "suspicious": SuspiciousOperation("odd"),
    "bug": ZeroDivisionError("a secret"),
}


class Fail(APIView):
    authentication_classes = ()
    permission_classes = ()

    def get(self, _request: Request, how: str) -> Response:
        if how == "unique":
            violate_uniqueness()
        raise FAILURES[how]


urlpatterns = [
    path(
        "api/v1/",
        include(
            [
                path("echo", Echo.as_view()),
                path("amount", Amount.as_view()),
                path("whoami", Whoami.as_view()),
                path("fail/<how>", Fail.as_view()),
            ]
        ),
    ),
    re_path("^api/", UnknownPath.as_view()),
]
