"""Activation: which accounts a license runs on, race-safe."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from bots import queries
from bots.models import BotInstance, BotSource
from bots.services import guard
from bots.services.bot_settings import ensure_settings
from bots.services.validations import note_validation
from licensing import keys
from licensing import queries as licensing
from licensing.fingerprints import fingerprint
from licensing.models import License, LicenseEvent, LicenseEventType, LicenseType
from licensing.services import hardware, trials
from licensing.services.events import append_event
from licensing.services.hardware import HardwareMismatch
from licensing.services.locks import locked_license
from licensing.standing import Standing, current_standing
from smarttrader.lib.actors import Actor, ActorType
from smarttrader.lib.errors import DomainError

# An EA that is refused may ask again and again: one event tells of it for so long.
REJECTION_IS_TOLD_FOR = timedelta(hours=1)
# What each activation tells of a bot; and what else one changes that revives it.
TOLD = (
    "is_live",
    "ea_version",
    "utc_offset_minutes",
    "account_currency",
    "hardware_id_hmac",
    "updated_at",
)
REVIVED = (
    "instance_name",
    "activated_as",
    "broker_name",
    "broker_server",
    "source",
    "released_at",
    *TOLD,
)


class LicenseNotFound(DomainError):
    code = "LICENSE_NOT_FOUND"
    title = _("No license has this key")
    kind = "missing"


class AccountTypeNotAllowed(DomainError):
    code = "ACCOUNT_TYPE_NOT_ALLOWED"
    title = _("A trial runs on demo accounts only")
    kind = "refused"


class ActivationLimit(DomainError):
    code = "ACTIVATION_LIMIT"
    title = _("All accounts of the license are in use")
    kind = "conflict"


class LicenseLapsed(DomainError):
    """The license does not allow it; a bot that was active may go on to manage."""

    kind = "refused"

    def __init__(self, standing: Standing, bot: BotInstance | None) -> None:
        super().__init__(standing.message)
        self.standing = standing
        self.bot = bot


@dataclass(frozen=True, kw_only=True)
class ActivationRequest:
    license_key: str
    mt4_account: str
    broker_name: str
    hardware_id: str
    broker_server: str = ""
    is_live: bool = False
    instance_name: str | None = None
    ea_version: str = ""
    utc_offset_minutes: int | None = None
    account_currency: str = ""

    @property
    def name(self) -> str:
        return self.instance_name or f"MT4 {self.mt4_account}"

    @property
    def account(self) -> queries.Account:
        return self.mt4_account, self.broker_server.lower()


@dataclass(frozen=True)
class Activation:
    bot: BotInstance
    standing: Standing
    accounts_used: int
    is_new: bool


def activate(*, request: ActivationRequest, actor: Actor, now: datetime) -> Activation:
    """Activate an account under a license, or find that it is active already.

    Locks the license row, so that of many racing clients no more get a slot than there
    are. A refusal leaves an event, each code once an hour. Raises KeyMalformed,
    LicenseNotFound, LicenseLapsed, AccountTypeNotAllowed, HardwareMismatch,
    TrialAlreadyUsed and ActivationLimit.
    """
    found = licensing.license_by_key(request.license_key)
    if found is None:
        raise LicenseNotFound
    with transaction.atomic():
        # Read anew under the lock: all that was true before may have changed.
        license_ = locked_license(found.pk)
        if not licensing.is_key_of(license_, keys.canonical_key(request.license_key)):
            raise LicenseNotFound
        try:
            with transaction.atomic():
                return _activate(license_, request, actor, now)
        except DomainError as error:
            refusal = error
        _note_rejection(license_, request, refusal, actor, now)
    raise refusal


def _activate(
    license: License,
    request: ActivationRequest,
    actor: Actor,
    now: datetime,
) -> Activation:
    live = queries.live_bots(license)
    active = next((bot for bot in live if _is_meant(bot, request)), None)
    standing = _checked_standing(license, request, active, now)
    used = queries.accounts_of(live)
    if active is None:
        active = _admit(license, request, used, actor, now)
        return Activation(active, standing, len(used | {request.account}), is_new=True)
    hardware.bind_hardware(
        license=license, hardware_id=request.hardware_id, actor=actor, now=now
    )
    _tell(active, request, now)
    active.save(update_fields=TOLD)
    note_validation(license, now)
    return Activation(active, standing, len(used), is_new=False)


def _checked_standing(
    license: License,
    request: ActivationRequest,
    active: BotInstance | None,
    now: datetime,
) -> Standing:
    """Refuse what no account may do, in the protocol's order of precedence."""
    standing = current_standing(license, now)
    is_live_trial = request.is_live and license.license_type == LicenseType.TRIAL
    is_its_hardware = hardware.is_hardware_of(license, request.hardware_id)
    if not standing.is_valid:
        # A lapse lets in nobody whom a valid license would keep out.
        is_let_in = is_its_hardware and not is_live_trial
        raise LicenseLapsed(standing, active if is_let_in else None)
    if is_live_trial:
        raise AccountTypeNotAllowed
    if not is_its_hardware:
        raise HardwareMismatch
    return standing


def _admit(
    license: License,
    request: ActivationRequest,
    used: Collection[queries.Account],
    actor: Actor,
    now: datetime,
) -> BotInstance:
    """Take a slot for an account, or share the one that it has."""
    if request.account not in used and len(used) >= license.max_accounts:
        raise ActivationLimit(
            f"{len(used)} of {license.max_accounts} accounts are in use"
        )
    before = license.expires_at
    if license.license_type == LicenseType.TRIAL:
        trials.begin_trial(
            license=license,
            mt4_account=request.mt4_account,
            broker_server=request.broker_server,
            hardware_id=request.hardware_id,
            now=now,
        )
    hardware.bind_hardware(
        license=license, hardware_id=request.hardware_id, actor=actor, now=now
    )
    bot = _open_instance(license, request, now)
    License.objects.filter(pk=license.pk).update(
        activation_count=F("activation_count") + 1
    )
    note_validation(license, now)
    append_event(
        license=license,
        type=LicenseEventType.ACTIVATED,
        actor=Actor(ActorType.EA, bot.pk, actor.ip, actor.request_id),
        before={"expires_at": before},
        after={"expires_at": license.expires_at, **_account_told(request)},
        now=now,
    )
    return bot


def _is_meant(bot: BotInstance, request: ActivationRequest) -> bool:
    told = (*request.account, request.name)
    return (*queries.account_of(bot), bot.name_of_its_ea) == told


def _open_instance(
    license: License, request: ActivationRequest, now: datetime
) -> BotInstance:
    """Revive the released instance, take over a statement's, or make one."""
    bot = _released(license, request) or _statement(license, request)
    is_known = bot is not None
    if bot is None:
        bot = BotInstance(
            user_id=license.user_id,
            mt4_account=request.mt4_account,
            broker_server=request.broker_server or None,
            account_currency="",
        )
    elif bot.source == BotSource.STATEMENT:
        bot.broker_server = request.broker_server or None
    bot.license = license
    if bot.activated_as is None:
        bot.instance_name = request.name
    else:
        bot.activated_as = request.name
    bot.broker_name = request.broker_name
    bot.source = BotSource.EA
    bot.released_at = None
    _tell(bot, request, now)
    # Its owner may be changing the settings of a released bot: leave the rest alone.
    bot.save(update_fields=REVIVED if is_known else None)
    ensure_settings(bot=bot)
    return bot


def _released(license: License, request: ActivationRequest) -> BotInstance | None:
    known = (
        BotInstance.objects.select_for_update(no_key=True)
        .filter(license=license, mt4_account=request.mt4_account, source=BotSource.EA)
        .exclude(released_at=None)
        .order_by("id")
    )
    return next((bot for bot in known if _is_meant(bot, request)), None)


def _statement(license: License, request: ActivationRequest) -> BotInstance | None:
    statements = BotInstance.objects.select_for_update(no_key=True).filter(
        license=license, mt4_account=request.mt4_account, source=BotSource.STATEMENT
    )
    return statements.order_by("id").first()


def _tell(bot: BotInstance, request: ActivationRequest, now: datetime) -> None:
    bot.is_live = request.is_live
    bot.hardware_id_hmac = fingerprint("bots.hardware_id", request.hardware_id)
    bot.ea_version = request.ea_version
    if request.utc_offset_minutes is not None:
        bot.utc_offset_minutes = request.utc_offset_minutes
    told = request.account_currency
    if told:
        if bot.account_currency not in ("", told):
            guard.note_currency(bot=bot, currency=told, now=now)
        bot.account_currency = told


def _note_rejection(
    license: License,
    request: ActivationRequest,
    refusal: DomainError,
    actor: Actor,
    now: datetime,
) -> None:
    if isinstance(refusal, LicenseLapsed) and refusal.bot is not None:
        return  # an EA that is active already learns that it may only manage
    code = code_of(refusal)
    if not _is_rejection_told(license.pk, code, now):
        append_event(
            license=license,
            type=LicenseEventType.ACTIVATION_REJECTED,
            actor=actor,
            after={"code": code, **_account_told(request)},
            now=now,
        )


def _is_rejection_told(license_id: uuid.UUID, code: str, now: datetime) -> bool:
    # By code alone: the account is the client's word, and would fill the audit.
    return LicenseEvent.objects.filter(
        license_id=license_id,
        type=LicenseEventType.ACTIVATION_REJECTED,
        at__gt=now - REJECTION_IS_TOLD_FOR,
        after__code=code,
    ).exists()


def code_of(refusal: DomainError) -> str:
    """Return the protocol's code of a refused activation."""
    if isinstance(refusal, LicenseLapsed):
        return refusal.standing.code
    return refusal.code


def _account_told(request: ActivationRequest) -> dict[str, str]:
    return {
        "mt4_account": request.mt4_account,
        "broker_server": request.broker_server,
        "instance_name": request.name,
    }
