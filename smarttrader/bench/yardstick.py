"""A heartbeat as Django REST framework's tutorial teaches it: what ours is measured by.

The same token, the same limits, the same figures stored and answered.
"""

from typing import Any

from django.conf import settings
from rest_framework import authentication, exceptions, serializers, throttling
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from bots.authentication import read_token
from bots.models import BotInstance
from licensing.models import License
from licensing.standing import current_standing
from smarttrader.lib import clock
from smarttrader.lib.client_address import address_bucket, client_address
from smarttrader.lib.rate_limits import Limit, count_call


class BotAuthentication(authentication.BaseAuthentication):
    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        token = request.headers.get("Authorization", "")[len("Bearer ") :]
        claims = read_token(token, now=clock.now())
        if claims is None:
            raise exceptions.AuthenticationFailed
        try:
            bot = BotInstance.objects.select_related("user").get(pk=claims.bot_id)
        except BotInstance.DoesNotExist as error:
            raise exceptions.AuthenticationFailed from error
        if bot.released_at or bot.token_version != claims.token_version:
            raise exceptions.AuthenticationFailed
        return bot.user, bot


class AddressThrottle(throttling.BaseThrottle):
    def allow_request(self, request: Request, _view: APIView) -> bool:
        limit = Limit("yardstick", settings.EA_CALLS_PER_IP)
        who = address_bucket(client_address(request._request))  # noqa: SLF001
        return not count_call(limit, who).is_exceeded


class BotThrottle(throttling.BaseThrottle):
    def allow_request(self, request: Request, _view: APIView) -> bool:
        limit = Limit("yardstick.bot", settings.EA_CALLS_PER_BOT["heartbeat"])
        return not count_call(limit, str(request.auth.pk)).is_exceeded


class HeartbeatSerializer(serializers.ModelSerializer[BotInstance]):
    class Meta:
        model = BotInstance
        fields = (
            *("status", "balance", "equity", "open_trades", "heartbeat_message"),
            *("settings_version", "last_heartbeat"),
        )
        read_only_fields = ("settings_version", "last_heartbeat")


class HeartbeatView(APIView):
    authentication_classes = (BotAuthentication,)
    permission_classes = ()
    throttle_classes = (AddressThrottle, BotThrottle)

    def post(self, request: Request) -> Response:
        now = clock.now()
        bot: Any = request.auth
        license = License.objects.with_standing().get(pk=bot.license_id)
        if not current_standing(license, now).is_valid:
            raise exceptions.PermissionDenied
        serializer = HeartbeatSerializer(bot, data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        serializer.save(last_heartbeat=now)
        return Response(serializer.data)
