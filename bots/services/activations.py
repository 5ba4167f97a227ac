"""Activation: which accounts a license runs on, race-safe."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.utils.crypto import salted_hmac

from bots import queries
from bots.models import BotInstance, BotSource
from licensing import queries as licensing
from licensing.models import License, LicenseType, Plan
from licensing.standing import Standing
from smarttrader.lib.errors import DomainError


class LicenseNotFound(DomainError):
    code = "LICENSE_NOT_FOUND"
    title = "No license has this key"
    kind = "missing"


class AccountTypeNotAllowed(DomainError):
    code = "ACCOUNT_TYPE_NOT_ALLOWED"
    title = "A trial runs on demo accounts only"
    kind = "refused"


class HardwareMismatch(DomainError):
    code = "HARDWARE_MISMATCH"
    title = "The license is locked to another computer"
    kind = "refused"


class ActivationLimit(DomainError):
    code = "ACTIVATION_LIMIT"
    title = "All accounts of the license are in use"
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


@dataclass(frozen=True)
class Activation:
    bot: BotInstance
    standing: Standing
    accounts_used: int
    is_new: bool


def activate(*, request: ActivationRequest, now: datetime) -> Activation:
    """Activate an account under a license, or find that it is active already.

    Locks the license row, so that of many racing clients no more get a slot than there
    are. Raises KeyMalformed, LicenseNotFound, LicenseLapsed, AccountTypeNotAllowed,
    HardwareMismatch and ActivationLimit, in this order.
    """
    found = licensing.license_by_key(request.license_key)
    if found is None:
        raise LicenseNotFound
    with transaction.atomic():
        # Read anew under the lock: status, hardware and owner may have changed.
        locked = License.objects.select_for_update(of=("self",)).select_related("user")
        license_ = locked.get(pk=found.pk)
        grace_days = Plan.objects.get(license_type=license_.license_type).grace_days
        standing = queries.license_standing(license_, grace_days, now)
        bot = _known_instance(license_, request)
        is_active = bot is not None and bot.released_at is None
        if not standing.is_valid:
            raise LicenseLapsed(standing, bot if is_active else None)
        if request.is_live and license_.license_type == LicenseType.TRIAL:
            raise AccountTypeNotAllowed
        _bind_hardware(license_, request.hardware_id)
        used = queries.accounts_in_use(license_)
        if bot is None or not is_active:
            _take_slot(license_, request, used)
            bot = _open_instance(license_, request, bot)
        else:
            _note(bot, request)
        return Activation(bot, standing, len(used), is_new=not is_active)


def _known_instance(
    license: License,  # noqa: A002 -- the field's own name
    request: ActivationRequest,
) -> BotInstance | None:
    known = BotInstance.objects.filter(
        license=license,
        mt4_account=request.mt4_account,
        instance_name=_name(request),
        source=BotSource.EA,
    )
    server = request.broker_server.lower()
    return next(
        (bot for bot in known if (bot.broker_server or "").lower() == server), None
    )


def _name(request: ActivationRequest) -> str:
    return request.instance_name or f"MT4 {request.mt4_account}"


def _bind_hardware(license: License, hardware_id: str) -> None:  # noqa: A002
    digest = salted_hmac("licensing.hardware_id", hardware_id).hexdigest()
    if license.hardware_id is None:
        License.objects.filter(pk=license.pk).update(hardware_id=digest)
    elif license.hardware_id != digest:
        raise HardwareMismatch


def _take_slot(
    license: License,  # noqa: A002 -- the field's own name
    request: ActivationRequest,
    used: set[tuple[str, str]],
) -> None:
    account = (request.mt4_account, request.broker_server.lower())
    if account not in used and len(used) >= license.max_accounts:
        raise ActivationLimit(
            f"{len(used)} of {license.max_accounts} accounts are in use"
        )
    used.add(account)
    License.objects.filter(pk=license.pk).update(
        activation_count=F("activation_count") + 1
    )


def _open_instance(
    license: License,  # noqa: A002 -- the field's own name
    request: ActivationRequest,
    released: BotInstance | None,
) -> BotInstance:
    """Revive the released instance, take over a statement's, or make one."""
    statement = BotInstance.objects.filter(
        license=license, mt4_account=request.mt4_account, source=BotSource.STATEMENT
    ).order_by("id")
    bot = released or statement.first()
    if bot is None:
        bot = BotInstance(
            license=license,
            user_id=license.user_id,
            mt4_account=request.mt4_account,
            broker_server=request.broker_server or None,
        )
    elif bot.source == BotSource.STATEMENT:
        bot.broker_server = request.broker_server or None
    bot.instance_name = _name(request)
    bot.broker_name = request.broker_name
    bot.source = BotSource.EA
    bot.released_at = None
    _tell(bot, request)
    bot.save()
    return bot


def _note(bot: BotInstance, request: ActivationRequest) -> None:
    _tell(bot, request)
    bot.save(
        update_fields=[
            "is_live",
            "ea_version",
            "utc_offset_minutes",
            "account_currency",
            "hardware_id_hmac",
            "updated_at",
        ]
    )


def _tell(bot: BotInstance, request: ActivationRequest) -> None:
    bot.is_live = request.is_live
    bot.hardware_id_hmac = salted_hmac(
        "bots.hardware_id", request.hardware_id
    ).hexdigest()
    bot.ea_version = request.ea_version
    if request.utc_offset_minutes is not None:
        bot.utc_offset_minutes = request.utc_offset_minutes
    if request.account_currency:
        bot.account_currency = request.account_currency
