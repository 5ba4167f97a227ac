"""EAs: activate an account under a license, validate a key, give the account back."""

from typing import Any

from django.http import HttpResponse

from bots.authentication import (
    BotView,
    Claims,
    IssuedToken,
    issue_token,
    token_invalid,
)
from bots.ea_fields import utc_offset_of
from bots.models import HEARTBEAT_SECONDS, BotInstance
from bots.services import activations, releases, validations
from bots.services.activations import (
    Activation,
    ActivationRequest,
    LicenseLapsed,
    LicenseNotFound,
)
from bots.services.validations import ValidationRequest
from bots.throttles import LicenseKeyView
from licensing.models import License
from licensing.services.locks import LicenseGone
from licensing.standing import Standing
from smarttrader.lib.ea.fields import Fields
from smarttrader.lib.ea.refusals import EaRefusal, FieldInvalid, refusal_of
from smarttrader.lib.errors import DomainError

CURRENCY_LETTERS = 3
NOTHING_ALLOWED: dict[str, Any] = {"open_new": False, "manage_open": False}


class Activate(LicenseKeyView):
    def answer(self, fields: Fields) -> HttpResponse:
        try:
            activation = activations.activate(
                request=self._request_of(fields), actor=self.caller, now=self.now
            )
        except LicenseLapsed as lapse:
            raise self._lapsed(lapse) from lapse
        except DomainError as error:
            if isinstance(error, LicenseNotFound):
                self.note_unknown_key()
            raise refusal_of(error, values=NOTHING_ALLOWED) from error
        self.note_success()
        return self._activated(activation, issue_token(activation.bot, now=self.now))

    def _request_of(self, fields: Fields) -> ActivationRequest:
        currency = (fields.text("account_currency", limit=10) or "").upper()
        is_code = len(currency) == CURRENCY_LETTERS and currency.isascii()
        if currency and not (is_code and currency.isalpha()):
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
        return self.reply(
            "ACTIVATED" if activation.is_new else "ALREADY_ACTIVATED",
            "Welcome." if activation.is_new else "Welcome back.",
            status=201 if activation.is_new else 200,
            **_token_keys(bot, token),
            heartbeat_seconds=HEARTBEAT_SECONDS,
            settings_version=bot.settings_version,
            **_license_keys(bot.license, standing, activation.accounts_used),
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
            values |= _token_keys(lapse.bot, issue_token(lapse.bot, now=self.now))
        return EaRefusal(403, lapse.standing.code, lapse.message, values=values)


class Validate(LicenseKeyView):
    def answer(self, fields: Fields) -> HttpResponse:
        validation = validations.validate(
            request=self._request_of(fields), now=self.now
        )
        if validation.license is None or validation.standing is None:
            self.note_unknown_key()
            return self.reply(
                validation.code, validation.message, valid=False, **NOTHING_ALLOWED
            )
        if validation.is_valid:
            self.note_success()
        return self.reply(
            validation.code,
            validation.message,
            valid=validation.is_valid,
            open_new=validation.is_valid,
            manage_open=validation.may_manage_open,
            **_license_keys(
                validation.license, validation.standing, validation.accounts_used
            ),
        )

    def _request_of(self, fields: Fields) -> ValidationRequest:
        return ValidationRequest(
            license_key=self.license_key,
            mt4_account=fields.text("mt4_account", limit=50),
            broker_server=fields.text("broker_server", limit=100),
            hardware_id=fields.text("hardware_id", limit=255),
            is_live=fields.boolean("is_live") or False,
        )


class Deactivate(BotView):
    def takes(self, bot: BotInstance, claims: Claims) -> bool:
        # Also twice: an EA that got no reply asks again, with a token that just ended.
        return bot.released_at is not None or super().takes(bot, claims)

    def answer(self, fields: Fields) -> HttpResponse:  # noqa: ARG002
        bot = self.running.bot
        try:
            # A token of a life that has ended frees no slot, also if it is revived now.
            is_freed = bot.released_at is None and releases.release(
                bot=bot, actor=self.caller, now=self.now
            )
        except (releases.TokenEnded, LicenseGone) as error:
            raise token_invalid() from error
        if is_freed:
            return self.reply("DEACTIVATED", "The account is free again.")
        return self.reply("ALREADY_DEACTIVATED", "The account was free already.")


def _token_keys(bot: BotInstance, token: IssuedToken) -> dict[str, Any]:
    return {
        "bot_id": str(bot.pk),
        "token": token.text,
        "token_expires_at": token.expires_at,
    }


def _license_keys(
    license: License,
    standing: Standing,
    accounts_used: int,
) -> dict[str, Any]:
    return {
        "license_type": license.license_type,
        "license_status": standing.license_status,
        "license_expires_at": license.expires_at,
        "max_accounts": license.max_accounts,
        "accounts_used": accounts_used,
    }
