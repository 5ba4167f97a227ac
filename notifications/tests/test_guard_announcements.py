"""What the risk guard announces reaches the inbox of the bot's owner."""

import pytest

from analytics.tests.guarded import DAY, Guarded, guarded_bot
from bots.models import BotSettings
from bots.services import guard
from notifications.models import Notification

pytestmark = pytest.mark.django_db


@pytest.fixture
def ea(alice):
    return Guarded(guarded_bot(alice))


def lose(ea, amount=150):
    ea.trade(-amount)
    ea.looked_at()


def inbox(user):
    rows = Notification.objects.filter(user=user).order_by("created_at", "id")
    return [(row.title, row.message) for row in rows]


def test_the_inbox_tells_of_the_pause_and_of_its_end_once(alice, charlie, ea):
    lose(ea)
    ea.looked_at()
    ea.looked_at(after=DAY)
    ea.looked_at()

    paused = (
        f"Account {ea.bot.mt4_account} lost 150.00 USD on 4 Mar 2026, with what is"
        " floating; at most 100.00 USD are allowed. It opens no new trades until the"
        " broker's next day, or until you lift it."
    )
    assert inbox(alice) == [
        ("The risk guard paused Alpha", paused),
        (
            "The risk guard let Alpha go again",
            f"Account {ea.bot.mt4_account} was told to trade on.",
        ),
    ]
    assert inbox(charlie) == []


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"max_trades_per_day": 0}, "opened 1 trade on 4 Mar 2026; at most 0"),
        ({"max_drawdown_percentage": 1}, "fell 1.50% below its highest equity"),
    ],
)
def test_the_inbox_tells_of_each_limit(alice, ea, changes, told):
    BotSettings.objects.update(max_daily_loss=1000, **changes)
    ea.looked_at()
    lose(ea)

    assert told in inbox(alice)[0][1]


def test_yen_have_no_cents(alice):
    ea = Guarded(guarded_bot(alice, account_currency="JPY"))
    lose(ea, 20_000)

    assert "lost 20,000 JPY on" in inbox(alice)[0][1]


def test_the_inbox_tells_of_a_guard_that_rests(alice, ea):
    guard.note_currency(bot=ea.bot, currency="JPY", now=ea.now)

    message = (
        f"Account {ea.bot.mt4_account} has another currency than USD, in which its"
        " limits were saved. Save them again."
    )
    assert inbox(alice) == [("The risk guard of Alpha rests", message)]
