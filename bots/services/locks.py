"""A bot's row, and the lock under which it changes."""

import uuid

from bots.models import BotInstance
from bots.queries import BotNotFound


def locked_bot(pk: uuid.UUID) -> BotInstance:
    """Return a bot as it is under its row lock, which lets rows refer to it meanwhile.

    Raises BotNotFound for one that was deleted.
    """
    bot = BotInstance.objects.select_for_update(no_key=True).filter(pk=pk).first()
    if bot is None:
        raise BotNotFound
    return bot
