"""EAs: activate an account under a license, and give it back."""

from typing import Any

from django.http import HttpResponse

from bots.authentication import BotView, Claims, IssuedToken, issue_token
from bots.ea_fields import utc_offset_of
from bots.models import HEARTBEAT_SECONDS, BotInstance
from bots.services import activations, releases
from bots.services.activations import (
    Activation,
    ActivationRequest,
    LicenseLapsed,
    LicenseNotFound,
)
from bots.throttles import LicenseKeyView
from smarttrader.lib.ea.fields import Fields
from smarttrader.lib.ea.refusals import EaRefusal, FieldInvalid

CURRENCY_LETTERS = 3


class Activate(LicenseKeyView):
    def answer(self, fields: Fields) -> HttpResponse:
        request = self._request_of(fields)
        try:
            activation = activations.activate(request=request, now=self.now)
        except LicenseNotFound:
            self.note_unknown_key()
            raise
        except LicenseLapsed as lapse:
            raise self._lapsed(lapse) from lapse
        self.note_success()
        token = issue_token(activation.bot, now=self.now)
        return self._activated(activation, token)

    def _request_of(self, fields: Fields) -> ActivationRequest:
        currency = (fields.text("account_currency", limit=10) or "").upper()
        if currency and not (len(currency) == CURRENCY_LETTERS and currency.isalpha()):
            raise FieldInvalid("account_currency", "account_currency has 3 letters.")
        return ActivationRequest(
            license_key=self.license_key,
            mt4_account=fields.required_text("mt4_account", limit=50),
            broker_name=fields.required_text("broker_name", limit=100),
            hardware_id=fields.required_text("hardware_id", limit=255),
            broker_server=fields.text("broker_server", limit=100) or "",
            is_live=fields.boolean("is_live") or False,
            instance_name=fields.text("instance_name", limit=100),
            ea_version=fields.text("ea_version", limit=50) or "",
            utc_offset_minutes=utc_offset_of(fields),
            account_currency=currency,
        )

    def _activated(self, activation: Activation, token: IssuedToken) -> HttpResponse:
        bot, standing = activation.bot, activation.standing
        license_ = bot.license
        return self.reply(
            "ACTIVATED" if activation.is_new else "ALREADY_ACTIVATED",
            "Welcome." if activation.is_new else "Welcome back.",
            status=201 if activation.is_new else 200,
            bot_id=str(bot.pk),
            token=token.text,
            token_expires_at=token.expires_at,
            heartbeat_seconds=HEARTBEAT_SECONDS,
            settings_version=bot.settings_version,
            license_type=license_.license_type,
            license_status=standing.license_status,
            license_expires_at=license_.expires_at or "",
            max_accounts=license_.max_accounts,
            accounts_used=activation.accounts_used,
            open_new=standing.may_open_new,
            manage_open=standing.may_manage_open,
        )

    def _lapsed(self, lapse: LicenseLapsed) -> EaRefusal:
        """Refuse; a bot that was active gets a token to manage what it has open."""
        values: dict[str, Any] = {
            "open_new": lapse.standing.may_open_new,
            "manage_open": lapse.standing.may_manage_open,
        }
        if lapse.bot is not None and lapse.standing.may_manage_open:
            token = issue_token(lapse.bot, now=self.now)
            values |= {
                "bot_id": str(lapse.bot.pk),
                "token": token.text,
                "token_expires_at": token.expires_at,
            }
        return EaRefusal(403, lapse.standing.code, lapse.message, values=values)


class Deactivate(BotView):
    def takes(self, bot: BotInstance, claims: Claims) -> bool:
        # Also twice: an EA that got no reply asks again, with a token that just ended.
        return bot.released_at is not None or super().takes(bot, claims)

    def answer(self, fields: Fields) -> HttpResponse:  # noqa: ARG002
        if releases.release(bot=self.running.bot, now=self.now):
            return self.reply("DEACTIVATED", "The account is free again.")
        return self.reply("ALREADY_DEACTIVATED", "The account was free already.")
