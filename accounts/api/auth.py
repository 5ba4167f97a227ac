"""Registering, getting a token, giving it back."""

from typing import ClassVar, cast

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import attempts
from accounts.api.fields import EmailField, NewPasswordField, PasswordField
from accounts.permissions import caller, caller_as_actor
from accounts.services import registration, sessions, signing_in, verification
from accounts.services.users import EmailInvalid
from accounts.throttles import (
    RegistrationThrottle,
    SignInThrottle,
    VerificationThrottle,
)
from accounts.tokens import Claims
from smarttrader.lib import clock
from smarttrader.lib.actors import Actor, ActorType, actor_of
from smarttrader.lib.api.fields import MomentField, TextField, VerbatimField
from smarttrader.lib.api.serializers import StrictSerializer

LONGEST_CODE = 20


class Registration(StrictSerializer):
    email = EmailField()
    password = NewPasswordField()
    first_name = TextField(max_length=100, required=False, allow_blank=True, default="")
    last_name = TextField(max_length=100, required=False, allow_blank=True, default="")


class MailOnItsWay(StrictSerializer):
    detail = serializers.CharField()


class AddressOnly(StrictSerializer):
    email = EmailField()


class MailedCode(StrictSerializer):
    email = EmailField()
    code = VerbatimField(max_length=LONGEST_CODE, help_text="As the mail tells it.")


class Credentials(StrictSerializer):
    email = EmailField()
    password = PasswordField()
    code = VerbatimField(
        max_length=LONGEST_CODE,
        required=False,
        allow_blank=True,
        default="",
        help_text="Of the authenticator, or a recovery code, where one is set up.",
    )


class Token(StrictSerializer):
    token = serializers.CharField()
    expires_at = MomentField()


class Register(APIView):
    """Create an account, and get a code by mail for `auth/verify`.

    The reply is the same for an address that has an account already.
    """

    authentication_classes = ()
    permission_classes = ()
    throttle_classes = (RegistrationThrottle,)
    refusals: ClassVar = {"post": [EmailInvalid]}

    @extend_schema(request=Registration, responses={202: MailOnItsWay})
    def post(self, request: Request) -> Response:
        told = Registration(data=request.data)
        told.is_valid(raise_exception=True)
        email = told.validated_data["email"]
        attempts.refuse_if_exceeded(attempts.count_registration(email))
        registration.register(
            **told.validated_data, actor=_stranger(request), now=clock.now()
        )
        return _mail_on_its_way()


class SendCode(APIView):
    """Get another code by mail, and with it the last one is good no more.

    The reply is the same for an address that needs none, or has no account.
    """

    authentication_classes = ()
    permission_classes = ()
    throttle_classes = (RegistrationThrottle,)
    refusals: ClassVar = {"post": [EmailInvalid]}

    @extend_schema(request=AddressOnly, responses={202: MailOnItsWay})
    def post(self, request: Request) -> Response:
        told = AddressOnly(data=request.data)
        told.is_valid(raise_exception=True)
        email = told.validated_data["email"]
        attempts.refuse_if_exceeded(attempts.count_registration(email))
        verification.send_code(email=email, now=clock.now())
        return _mail_on_its_way()


class Verify(APIView):
    """Show by the mailed code that the address is yours; then get a token.

    A code is good for 15 minutes, for three tries and once.
    """

    authentication_classes = ()
    permission_classes = ()
    throttle_classes = (VerificationThrottle,)
    refusals: ClassVar = {"post": [verification.CodeInvalid]}

    @extend_schema(request=MailedCode, responses={204: None})
    def post(self, request: Request) -> Response:
        told = MailedCode(data=request.data)
        told.is_valid(raise_exception=True)
        email = told.validated_data["email"]
        attempts.refuse_if_exceeded(attempts.count_verification(email))
        verification.verify(
            **told.validated_data, actor=_stranger(request), now=clock.now()
        )
        return Response(status=204)


class IssueToken(APIView):
    """Get a token, which is good for seven days."""

    authentication_classes = ()
    permission_classes = ()
    throttle_classes = (SignInThrottle,)
    refusals: ClassVar = {
        "post": [
            signing_in.SignInFailed,
            signing_in.CodeWrong,
            signing_in.EmailUnverified,
            signing_in.CodeRequired,
        ]
    }

    @extend_schema(request=Credentials, responses=Token)
    def post(self, request: Request) -> Response:
        told = Credentials(data=request.data)
        told.is_valid(raise_exception=True)
        email, code = told.validated_data["email"], told.validated_data["code"]
        attempts.refuse_if_exceeded(attempts.count_sign_in(email))
        if code:
            attempts.refuse_if_exceeded(attempts.count_code(email))
        token = signing_in.sign_in(
            **told.validated_data, actor=_stranger(request), now=clock.now()
        )
        attempts.forgive_account(email)
        attempts.forgive_codes(email)
        shown = {"token": token.text, "expires_at": token.expires_at}
        return Response(Token(shown).data)


class LogOut(APIView):
    """End the token that the call carries."""

    @extend_schema(request=None, responses={204: None})
    def post(self, request: Request) -> Response:
        sessions.revoke_token(
            user=caller(request),
            claims=cast("Claims", request.auth),
            actor=caller_as_actor(request),
            now=clock.now(),
        )
        return Response(status=204)


class LogOutEverywhere(APIView):
    """End every token and every browser session of the caller."""

    @extend_schema(request=None, responses={204: None})
    def post(self, request: Request) -> Response:
        sessions.end_sessions(
            user=caller(request), actor=caller_as_actor(request), now=clock.now()
        )
        return Response(status=204)


def _mail_on_its_way() -> Response:
    told = {"detail": "We have sent you a mail: it says how to go on."}
    return Response(MailOnItsWay(told).data, status=202)


def _stranger(request: Request) -> Actor:
    return actor_of(request._request, ActorType.USER, None)  # noqa: SLF001 -- DRF's own
