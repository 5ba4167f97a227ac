"""Two who change a bot's settings at once: one of them learns of the other."""

from collections import Counter
from functools import partial

import pytest

from accounts.tests.factories import UserFactory
from accounts.tests.threads import all_at_once
from bots.models import BotInstance, Command, SettingsChange
from bots.queries import BotNotFound
from bots.services.bot_settings import SettingsChanged, change_settings
from bots.services.commands import queue_command
from bots.tests.factories import BotInstanceFactory
from smarttrader.lib import clock
from smarttrader.lib.actors import SYSTEM


@pytest.mark.django_db(transaction=True)
def test_of_ten_changes_made_for_one_version_one_holds(rounds):
    for _ in range(rounds):
        bot = BotInstanceFactory.create(owner=UserFactory.create())

        def change(pips, bot=bot):
            try:
                return change_settings(
                    bot=bot,
                    changes={"stop_loss_pips": pips},
                    version_seen=1,
                    actor=SYSTEM,
                    now=clock.now(),
                )
            except SettingsChanged as error:
                return error.code

        answers = all_at_once([partial(change, pips) for pips in range(10)])

        assert Counter(answers) == {2: 1, "SETTINGS_CHANGED": 9}
        assert SettingsChange.objects.filter(bot_instance=bot).count() == 1
        assert BotInstance.objects.get(pk=bot.pk).settings_version == 2


@pytest.mark.django_db
def test_a_bot_that_was_deleted_meanwhile_is_not_found():
    bot = BotInstanceFactory.create()
    BotInstance.objects.filter(pk=bot.pk).delete()
    now = clock.now()

    with pytest.raises(BotNotFound):
        change_settings(bot=bot, changes={}, actor=SYSTEM, now=now)
    with pytest.raises(BotNotFound):
        queue_command(bot=bot, command=Command.PAUSE, actor=SYSTEM, now=now)
