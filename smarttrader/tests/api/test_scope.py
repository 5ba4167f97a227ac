"""Whose rows the user API tells, and to whom: the contents of every list."""

import pytest

from bots.tests.ea_client import Ea, license_key_of
from smarttrader.tests.api.world import UNKNOWN_ID, Api, give_one_of_each, ids
from trading.models import TradeHistory

pytestmark = pytest.mark.django_db

LISTS = {
    "licenses": ("license", {}),
    "subscriptions": ("subscription", {}),
    "bots": ("bot", {}),
    "logs": ("log", {}),
    "trades": ("trade", {}),
    "metrics": ("metric", {"metric_type": "hourly"}),
    "statements": ("statement", {}),
    "notifications": ("notification", {}),
}
ROWS = {
    "licenses/{license}": "license",
    "subscriptions/{subscription}": "subscription",
    "bots/{bot}": "bot",
    "bots/{bot}/settings": "bot",
    "bots/{bot}/commands": "bot",
    "bots/{bot}/breaches": "bot",
    "trades/{trade}": "trade",
    "trades/{trade}/history": "trade",
    "statements/{statement}": "statement",
    "notifications/{notification}": "notification",
}


SEES = {
    "alice": {"alice"},
    "charlie": {"charlie"},
    "bob": {"alice", "bob"},
    "dana": {"charlie", "dana"},
    "staff": {"alice", "bob", "charlie", "dana", "staff"},
}


@pytest.mark.parametrize("path", LISTS)
def test_a_list_holds_what_its_reader_may_see_and_nothing_else(cast, path):
    kind, query = LISTS[path]
    theirs = {name: give_one_of_each(user) for name, user in cast.items()}
    # An inbox is its owner's alone.
    sees = {name: {name} for name in SEES} if path == "notifications" else SEES

    told = {name: set(Api(user).listed(path, **query)) for name, user in cast.items()}

    expected = {
        name: ids(*(getattr(theirs[owner], kind) for owner in owners))
        for name, owners in sees.items()
    }
    assert told == expected


@pytest.mark.parametrize("path", ROWS)
def test_a_row_is_told_to_who_may_see_it_and_unknown_to_others(cast, path):
    things = give_one_of_each(cast["alice"])
    place = path.format(**{kind: getattr(things, kind).pk for kind in ROWS.values()})
    unknown = path.format(**dict.fromkeys(ROWS.values(), UNKNOWN_ID))

    outcomes, bodies = {}, set()
    for name, user in cast.items():
        api = Api(user)
        body = api.get(place)
        outcomes[name] = api.last.status_code
        if outcomes[name] == 404:
            nothing = api.get(unknown)
            bodies |= {str(b | {"request_id": ""}) for b in (body, nothing)}

    readers = {"alice"} if "notifications" in path else {"alice", "bob", "staff"}
    assert outcomes == {name: 200 if name in readers else 404 for name in cast}
    assert len(bodies) == 1


def test_in_a_batch_a_ticket_of_another_bot_is_rejected_alone(cast):
    theirs = give_one_of_each(cast["charlie"]).trade
    ea = Ea()
    ea.activate(license_key_of(cast["alice"]))
    mine = {
        "ticket_number": "1",
        "symbol": "EURUSD",
        "trade_type": 0,
        "lot_size": "0.10",
        "open_price": "1.1",
        "opened_at": "2026-03-02T10:00:00Z",
    }
    ea.call("trades", trades=[mine])
    tick = {
        "current_price": "1.2",
        "unrealized_profit": "1",
        "recorded_at": "2026-03-02T10:01:00Z",
    }
    tickets = ["1", theirs.ticket_number]

    told = ea.call("ticks", ticks=[tick | {"ticket_number": each} for each in tickets])

    assert (told["created"], told["first_rejected_code"]) == (1, "UNKNOWN_TICKET")
    assert not TradeHistory.objects.filter(trade=theirs, current_price="1.2").exists()
