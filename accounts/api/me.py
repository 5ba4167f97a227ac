"""The caller's own account."""

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.fields import NewPasswordField, PasswordField
from accounts.models import validate_language, validate_time_zone
from accounts.permissions import caller, caller_as_actor, require_password
from accounts.services import passwords, users
from smarttrader.lib import clock
from smarttrader.lib.api.fields import MomentField, TextField
from smarttrader.lib.api.serializers import StrictSerializer


class Profile(StrictSerializer):
    id = serializers.UUIDField(read_only=True)
    email = serializers.EmailField(read_only=True)
    email_verified = serializers.BooleanField(read_only=True)
    role = serializers.CharField(read_only=True)
    first_name = TextField(max_length=100, allow_blank=True)
    last_name = TextField(max_length=100, allow_blank=True)
    time_zone = TextField(max_length=64, validators=[validate_time_zone])
    language = TextField(max_length=12, validators=[validate_language])
    last_login = MomentField(read_only=True)
    created_at = MomentField(read_only=True)


class PasswordChange(StrictSerializer):
    current_password = PasswordField()
    new_password = NewPasswordField()


class PasswordOnly(StrictSerializer):
    password = PasswordField()


class Me(APIView):
    def get(self, request: Request) -> Response:
        """Show the caller's account."""
        return Response(Profile(caller(request)).data)

    def patch(self, request: Request) -> Response:
        """Change names, time zone or language; the rest is not the caller's to set."""
        told = Profile(data=request.data, partial=True)
        told.is_valid(raise_exception=True)
        users.update_profile(user=caller(request), changes=told.validated_data)
        return Response(Profile(caller(request)).data)

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
