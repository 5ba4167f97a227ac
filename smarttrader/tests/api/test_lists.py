"""Lists of the user API: filters that never mean "all rows", cursors, query counts."""

import pytest

from smarttrader.lib.keyset import Place
from smarttrader.tests.api.test_scope import LISTS
from smarttrader.tests.api.world import UNKNOWN_ID, Api, give_one_of_each

pytestmark = pytest.mark.django_db

MISTAKES = [
    ("licenses", {"status": "sleeping"}),
    ("licenses", {"user": "17"}),
    ("licenses", {"owner": "x"}),
    ("licenses", {"status": ""}),
    ("licenses", {"status": ["active", "revoked"]}),
    ("licenses", {"page_size": "0"}),
    ("licenses", {"page_size": "201"}),
    ("licenses", {"page_size": "٣"}),
    ("licenses", {"cursor": "abc"}),
    ("licenses", {"cursor": str(Place(None, UNKNOWN_ID)) + "\0"}),
    ("licenses", {"cursor": f"7-{UNKNOWN_ID.hex}"}),
    ("logs", {"cursor": f"-{UNKNOWN_ID.hex}"}),
    ("trades", {"cursor": f"999999999999999999-{UNKNOWN_ID.hex}"}),
    ("subscriptions", {"status": "ACTIVE"}),
    ("bots", {"is_live": "perhaps"}),
    ("bots", {"mt4_account": "\0"}),
    ("logs", {"bot": "not-a-bot"}),
    ("logs", {"log_level": "LOUD"}),
    ("logs", {"created_from": "yesterday"}),
    ("logs", {"created_from": "2026-03-02T10:00:00"}),
    ("logs", {"created_from": "2026-03-02T10:00:00+23:59"}),
    ("trades", {"closed_before": "2026-13-02T10:00:00Z"}),
    ("trades", {"ticket": "7" * 51}),
    ("trades", {"symbol": "\0"}),
    ("trades", {"result": "drawn"}),
    ("trades", {"format": "csv"}),
    ("metrics", {}),
    ("metrics", {"metric_type": "yearly"}),
    ("statements", {"file": "x"}),
    ("notifications", {"is_read": "maybe"}),
    ("plans", {"license_type": "PRO"}),
    ("plans", {"page_size": "10"}),
    ("trades", {"symbol": "\u2003 "}),
    ("trades.csv", {"page_size": "10"}),
    (f"trades/{UNKNOWN_ID}", {"fields": "id"}),
]


@pytest.mark.parametrize(("path", "query"), MISTAKES)
def test_a_mistake_in_a_parameter_is_told_by_its_name(alice, path, query):
    give_one_of_each(alice)
    api = Api(alice)

    body = api.get(path, **query)

    assert api.outcome == (400, "VALIDATION_ERROR")
    assert list(body["errors"]) == (list(query) or ["metric_type"])


@pytest.mark.parametrize("method", ["put", "patch", "delete", "options"])
@pytest.mark.parametrize("path", LISTS)
def test_another_method_is_told_so_whatever_the_query_says(alice, path, method):
    api = Api(alice)

    api.send(method, f"{path}?metric_type=hourly&nonsense=1")

    assert api.outcome == (405, "METHOD_NOT_ALLOWED")


@pytest.mark.parametrize("path", LISTS)
def test_a_list_asks_as_often_for_three_rows_as_for_one(alice, path, count_statements):
    _, query = LISTS[path]
    api = Api(alice)
    counts = []

    for hours in ([0], [1, 2]):
        for hour in hours:
            give_one_of_each(alice, hour=hour)
        with count_statements() as asked:
            api.get(path, **query)
        counts.append((len(api.last.json()["results"]), len(asked)))

    assert [rows for rows, _ in counts] == [1, 3]
    assert counts[0][1] == counts[1][1]


@pytest.mark.parametrize("path", LISTS)
def test_pages_hold_each_row_once_also_while_rows_come_in(alice, path):
    kind, query = LISTS[path]
    rows = [getattr(give_one_of_each(alice, hour=hour), kind) for hour in range(5)]
    api = Api(alice)

    first = api.get(path, page_size="2", **query)
    give_one_of_each(alice, hour=5)
    rest = api.get(path, page_size="200", cursor=first["next_cursor"], **query)

    told = [row["id"] for row in first["results"] + rest["results"]]
    assert (len(first["results"]), rest["next_cursor"]) == (2, None)
    assert len(set(told)) == len(told)
    assert set(told) >= {str(row.pk) for row in rows}


FOREIGN_FILTERS = [
    ("logs", "bot"),
    ("trades", "bot"),
    ("trades.csv", "bot"),
    ("metrics", "bot"),
]


@pytest.mark.parametrize(("path", "name"), FOREIGN_FILTERS)
def test_a_bot_of_somebody_else_is_as_unknown_as_none(cast, path, name):
    theirs = give_one_of_each(cast["charlie"])
    query = {"metric_type": "hourly"} if path == "metrics" else {}
    bodies = []

    for bot in (theirs.bot.pk, UNKNOWN_ID):
        api = Api(cast["bob"])
        bodies.append(api.get(path, **query, **{name: str(bot)}) | {"request_id": ""})
        assert api.outcome == (404, "BOT_NOT_FOUND")

    assert bodies[0] == bodies[1]


@pytest.mark.parametrize("path", ["licenses", "bots"])
def test_filtering_by_somebody_elses_id_finds_nothing(cast, path):
    theirs = give_one_of_each(cast["charlie"])
    api = Api(cast["bob"])

    told = api.listed(path, user=str(theirs.bot.user_id))

    assert told == []


def test_who_sees_more_bots_than_a_list_reads_names_one(cast, monkeypatch):
    monkeypatch.setattr("bots.queries.MOST_BOTS", 2)
    bots = [give_one_of_each(cast["alice"], hour=hour).bot for hour in range(3)]
    api = Api(cast["staff"])

    api.get("logs")

    assert api.outcome == (400, "TOO_MANY_BOTS")
    assert len(api.listed("logs", bot=str(bots[0].pk))) == 1
