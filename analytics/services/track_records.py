"""What an owner makes public of a bot, and under which link."""

import secrets
from collections.abc import Collection
from datetime import datetime

from django.db import transaction

from analytics.models import PublicFigure, PublicTrackRecord
from bots.models import BotInstance

SLUG_BYTES = 16  # 128 bits: nobody guesses it
CHOSEN = ("title", "is_public", "is_indexed", "figures", "delay_hours", "updated_at")


def save_track_record(
    *,
    bot: BotInstance,
    title: str,
    is_public: bool,
    is_indexed: bool,
    figures: Collection[PublicFigure],
    delay_hours: int,
    now: datetime,
) -> PublicTrackRecord:
    """Keep what the public page of a bot shows, and whether there is one.

    The link stays as it is: it is made once, also when two save at the same time.
    """
    with transaction.atomic():
        # The unique bot decides, never a look before it.
        PublicTrackRecord.objects.bulk_create(
            [
                PublicTrackRecord(
                    bot_instance=bot,
                    slug=new_slug(),
                    title=title,
                    is_public=is_public,
                    is_indexed=is_indexed,
                    figures=[each for each in PublicFigure.values if each in figures],
                    delay_hours=delay_hours,
                    updated_at=now,
                )
            ],
            update_conflicts=True,
            unique_fields=["bot_instance"],
            update_fields=CHOSEN,
        )
        return PublicTrackRecord.objects.get(bot_instance=bot)


def renew_link(*, bot: BotInstance, now: datetime) -> bool:
    """Give the public page of a bot a new link; the old one leads nowhere from now on.

    Return whether there is such a page.
    """
    found = PublicTrackRecord.objects.filter(bot_instance=bot)
    return bool(found.update(slug=new_slug(), updated_at=now))


def new_slug() -> str:
    return secrets.token_urlsafe(SLUG_BYTES)
