"""Changes of a license that its bots feel: a new key, computer or owner."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from bots.models import BotInstance, Command
from bots.services import licenses, releases
from bots.services.commands import queue_command
from bots.tests.ea_client import ACTIVATION, Ea, license_key_of
from bots.tests.factories import BotInstanceFactory
from licensing import queries
from licensing.models import License, LicenseEvent, LicenseType
from licensing.services import secrets
from licensing.services.hardware import TooManyHardwareResets
from licensing.services.locks import LicenseRevoked
from licensing.services.transfers import TransferRefused
from smarttrader.lib import clock
from smarttrader.lib.actors import COMMAND_LINE, Actor, ActorType

pytestmark = pytest.mark.django_db


@pytest.fixture
def key(alice):
    return license_key_of(alice, max_accounts=2)


@pytest.fixture
def ea(key):
    ea = Ea()
    ea.activate(key)
    return ea


def told(actor=COMMAND_LINE, **more):
    return {
        "license": License.objects.get(),
        "actor": actor,
        "now": clock.now(),
        **more,
    }


def events():
    rows = LicenseEvent.objects.order_by("sequence").values_list("type", flat=True)
    return list(rows)


# --- The key --------------------------------------------------------------------------
def test_a_rotated_key_is_unknown_and_its_tokens_end(ea, key):
    new = licenses.rotate_key(**told()).key

    assert ea.call("heartbeat")["code"] == "TOKEN_INVALID"
    assert ea.call("deactivate")["code"] == "TOKEN_INVALID"
    assert ea.activate(key)["code"] == "LICENSE_NOT_FOUND"
    assert ea.activate(new)["code"] == "ALREADY_ACTIVATED"
    assert ea.call("heartbeat")["code"] == "ALIVE"
    assert events()[-1] == "key_rotated"


def test_a_revealed_key_is_the_key_and_leaves_an_event(key, alice):
    actor = Actor(ActorType.USER, alice.pk)

    assert secrets.reveal_key(**told(actor)) == key
    event = LicenseEvent.objects.get(type="key_revealed")
    assert (event.actor_type, event.actor_id) == ("user", alice.pk)


def test_a_revoked_license_gets_no_new_key(key):
    License.objects.update(status="revoked")

    with pytest.raises(LicenseRevoked):
        licenses.rotate_key(**told())


# --- The computer ---------------------------------------------------------------------
def test_a_hardware_reset_lets_another_computer_in_and_ends_tokens(ea, key):
    other = Ea()
    before = other.activate(key, hardware_id="PC-2", mt4_account="2")["code"]

    licenses.reset_hardware(**told())

    assert before == "HARDWARE_MISMATCH"
    assert ea.call("heartbeat")["code"] == "TOKEN_INVALID"
    assert other.activate(key, hardware_id="PC-2", mt4_account="2")["code"] == (
        "ACTIVATED"
    )
    assert ea.activate(key)["code"] == "HARDWARE_MISMATCH"


@pytest.mark.parametrize(
    ("type_", "most"), [(ActorType.USER, 3), (ActorType.RESELLER, 2)]
)
def test_resets_are_few_in_thirty_days_and_then_staffs(key, alice, type_, most):
    actor = Actor(type_, alice.pk)
    start = clock.now()
    for day in range(most):
        licenses.reset_hardware(**told(actor, now=start + timedelta(days=day)))

    with pytest.raises(TooManyHardwareResets):
        licenses.reset_hardware(**told(actor, now=start + timedelta(days=29)))
    licenses.reset_hardware(**told(now=start + timedelta(days=29)))
    licenses.reset_hardware(**told(actor, now=start + timedelta(days=31)))

    assert events().count("hardware_reset") == most + 2


def test_a_new_secret_key_knows_the_computers_of_the_old_one(ea, key, settings):
    bound = License.objects.get().hardware_id
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another-secret-key-" + "2" * 50

    codes = [
        ea.activate(key)["code"],
        ea.activate(key, hardware_id="PC-2")["code"],
    ]
    settings.SECRET_KEY_FALLBACKS = []
    codes.append(ea.activate(key)["code"])

    assert codes == ["ALREADY_ACTIVATED", "HARDWARE_MISMATCH", "ALREADY_ACTIVATED"]
    assert License.objects.get().hardware_id != bound
    assert events().count("hardware_bound") == 1


# --- The owner ------------------------------------------------------------------------
def test_a_transfer_moves_license_and_bots(ea, key, alice, charlie):
    bot = BotInstance.objects.get()
    queue_command(bot=bot, command=Command.STOP, actor=COMMAND_LINE, now=clock.now())

    new = licenses.transfer(**told(to=charlie)).key

    bot.refresh_from_db()
    assert (License.objects.get().user, bot.user) == (charlie, charlie)
    assert BotInstance.objects.visible_to(charlie).get() == bot
    assert not BotInstance.objects.visible_to(alice).exists()
    assert ea.call("heartbeat")["code"] == "TOKEN_INVALID"
    assert ea.activate(key)["code"] == "LICENSE_NOT_FOUND"
    assert ea.activate(new, hardware_id="PC-9")["code"] == "ALREADY_ACTIVATED"
    assert ea.call("heartbeat")["command"] == "none"
    rows = LicenseEvent.objects.filter(type="transferred").order_by("sequence")
    assert [row.owner_id for row in rows] == [alice.pk, charlie.pk]


def test_what_cannot_be_transferred_stays(key, alice, charlie):
    charlie.is_active = False
    charlie.save()

    for user in (alice, charlie):
        with pytest.raises(TransferRefused):
            licenses.transfer(**told(to=user))
    assert License.objects.get().user == alice


def test_a_trial_is_not_transferred(alice, charlie):
    license_key_of(alice, LicenseType.TRIAL)

    with pytest.raises(TransferRefused):
        licenses.transfer(**told(to=charlie))


@pytest.mark.django_db(transaction=True)
def test_a_bot_has_the_owner_of_its_license(alice, charlie):
    bot = BotInstanceFactory.create(owner=alice)

    of_bot = "UPDATE bot_instances SET user_id = %s WHERE id = %s"
    of_license = (
        "UPDATE licenses SET user_id = %s"
        " WHERE id = (SELECT license_id FROM bot_instances WHERE id = %s)"
    )
    for sql in (of_bot, of_license):
        with (
            pytest.raises(IntegrityError, match="owner of its license"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(sql, [charlie.pk, bot.pk])
    with pytest.raises(IntegrityError, match="owner of its license"):
        BotInstanceFactory.create(license=bot.license, user=charlie)


# --- An account -----------------------------------------------------------------------
def test_releasing_an_account_releases_each_of_its_bots(key):
    eas = [Ea(), Ea(), Ea()]
    eas[0].activate(key, instance_name="Grid")
    eas[1].activate(key, instance_name="Scalper")
    eas[2].activate(key, mt4_account="2")

    released = releases.release_account(
        mt4_account=ACTIVATION["mt4_account"],
        broker_server=ACTIVATION["broker_server"].upper(),
        **told(),
    )

    codes = [ea.call("heartbeat")["code"] for ea in eas]
    assert released == 2
    assert codes == ["TOKEN_INVALID", "TOKEN_INVALID", "ALIVE"]
    assert events().count("deactivated") == 2
    with pytest.raises(releases.NoSuchAccount):
        releases.release_account(mt4_account="77", broker_server="", **told())


def test_a_rotated_key_is_found_by_its_new_spelling_only(key):
    new = licenses.rotate_key(**told()).key

    assert queries.license_by_key(key) is None
    assert queries.license_by_key(new) == License.objects.get()
