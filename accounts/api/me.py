"""The caller's own account."""

from typing import ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.fields import NewPasswordField, PasswordField
from accounts.models import User, validate_language, validate_time_zone
from accounts.permissions import caller, caller_as_actor, require_password
from accounts.services import passwords, users
from accounts.services.passwords import PasswordWrong
from smarttrader.lib import clock
from smarttrader.lib.api.fields import TextField
from smarttrader.lib.api.serializers import StrictSerializer


class Profile(serializers.ModelSerializer[User]):
    class Meta:
        model = User
        fields = [
            "id",
            "email",
            "email_verified",
            "role",
            "first_name",
            "last_name",
            "time_zone",
            "language",
            "last_login",
            "created_at",
        ]


class ProfileChange(StrictSerializer):
    first_name = TextField(max_length=100, allow_blank=True, required=False)
    last_name = TextField(max_length=100, allow_blank=True, required=False)
    time_zone = TextField(
        max_length=64, validators=[validate_time_zone], required=False
    )
    language = TextField(max_length=12, validators=[validate_language], required=False)


class PasswordChange(StrictSerializer):
    current_password = PasswordField()
    new_password = NewPasswordField()


class PasswordOnly(StrictSerializer):
    password = PasswordField()


class Me(APIView):
    refusals: ClassVar = {"delete": [PasswordWrong]}

    @extend_schema(responses=Profile)
    def get(self, request: Request) -> Response:
        """Show the caller's account."""
        return Response(Profile(caller(request)).data)

    @extend_schema(request=ProfileChange, responses=Profile)
    def patch(self, request: Request) -> Response:
        """Change names, time zone or language; the rest is not the caller's to set."""
        told = ProfileChange(data=request.data)
        told.is_valid(raise_exception=True)
        users.update_profile(user=caller(request), changes=told.validated_data)
        return Response(Profile(caller(request)).data)

    @extend_schema(request=PasswordOnly, responses={204: None})
    def delete(self, request: Request) -> Response:
        """Delete the account and all that is its own. Needs the password again."""
        told = PasswordOnly(data=request.data)
        told.is_valid(raise_exception=True)
        require_password(request, told.validated_data["password"])
        users.delete_user(
            user=caller(request), actor=caller_as_actor(request), now=clock.now()
        )
        return Response(status=204)


class MyPassword(APIView):
    """Change the password. Every token and browser session ends."""

    refusals: ClassVar = {"post": [PasswordWrong]}

    @extend_schema(request=PasswordChange, responses={204: None})
    def post(self, request: Request) -> Response:
        told = PasswordChange(data=request.data)
        told.is_valid(raise_exception=True)
        require_password(request, told.validated_data["current_password"])
        passwords.change_password(
            user=caller(request),
            password=told.validated_data["new_password"],
            actor=caller_as_actor(request),
            now=clock.now(),
        )
        return Response(status=204)
