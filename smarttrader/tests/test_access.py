"""The checked-in table of who gets what is what the site does, cell by cell.

`WRITE_ACCESS_MATRIX=1` writes the table anew, to be read before it is committed.
"""

import os
import re
from dataclasses import replace

import pytest

from conftest import MANY
from smarttrader.export import archive
from smarttrader.tests.access import (
    METHODS,
    PRINCIPALS,
    World,
    cells_of,
    read_table,
    urls,
    write_table,
)

OBJECT = re.compile(r"<uuid:|<int:pk>")
SUCCESS = re.compile(r"2\d\d")
WRITES_ANEW = bool(os.environ.get("WRITE_ACCESS_MATRIX"))
# Of whom an answer may tell; an address of a reseller is no secret to the customer.
MAY_SEE = {
    "anonymous": set(),
    "alice": {"A"},
    "charlie": {"C"},
    "bob": {"A", "B"},
    "dana": {"C", "D"},
    "bot": {"A"},
    "bot of a revoked license": set(),
}


def cells(*names):
    table = read_table()
    for name in names:
        for (url, method), cell in table[name].items():
            status, *seen = cell.split()
            yield url, method, status, {each[0] for each in seen}


@pytest.fixture
def unlimited(no_limits, one_window, settings, monkeypatch):
    settings.ACCOUNT_RATE_LIMITS = False
    often = replace(archive.LIMIT, calls=MANY)
    monkeypatch.setattr("smarttrader.export.archive.LIMIT", often)


@pytest.mark.skipif(not WRITES_ANEW, reason="only when it is asked for")
@pytest.mark.django_db
@pytest.mark.usefixtures("unlimited")
def test_the_table_is_written_anew():
    world = World()

    write_table({name: cells_of(world, name) for name in PRINCIPALS})


@pytest.mark.skipif(WRITES_ANEW, reason="the table is being written")
@pytest.mark.django_db
@pytest.mark.usefixtures("unlimited")
@pytest.mark.parametrize("name", PRINCIPALS)
def test_everybody_gets_what_the_table_says(name):
    told = cells_of(World(), name)

    expected = read_table()[name]
    # Both ways: an URL without a row fails, and so does a row without an URL.
    assert told == expected


def test_every_cell_of_the_table_is_filled():
    table = read_table()

    wanted = {(url, method) for url in urls() for method in METHODS}
    assert {name: set(column) for name, column in table.items()} == dict.fromkeys(
        PRINCIPALS, wanted
    )
    assert all(cell for column in table.values() for cell in column.values())


# --- What no table may say ------------------------------------------------------------
def test_nothing_fails():
    assert [cell for cell in cells(*PRINCIPALS) if cell[2].startswith("5")] == []


@pytest.mark.parametrize("name", MAY_SEE)
def test_nobody_is_told_of_strangers(name):
    strangers = [cell for cell in cells(name) if cell[3] - MAY_SEE[name]]

    assert strangers == []


@pytest.mark.parametrize("name", ["charlie", "dana"])
def test_what_is_another_s_is_not_there(name):
    """Beside the admin, which answers by permission before it looks."""
    found = {
        (url, method, status)
        for url, method, status, _ in cells(name)
        if OBJECT.search(url)
        and not url.startswith("admin/")
        and status not in ("404", "405")
    }

    assert found == set()


@pytest.mark.parametrize("name", ["anonymous", "bot", "bot of a revoked license"])
def test_nobody_acts_on_the_user_api_without_a_user(name):
    acted = {
        url
        for url, _, status, _ in cells(name)
        if url.startswith("api/v1/")
        and not url.startswith("api/v1/ea/")
        and SUCCESS.fullmatch(status)
    }

    assert acted == {"api/v1/schema/", "api/v1/docs/"}


@pytest.mark.parametrize("name", ["alice", "charlie", "anonymous", "bot"])
def test_the_back_office_is_closed(name):
    assert {
        url
        for url, _, status, _ in cells(name)
        if url.startswith("admin/") and SUCCESS.fullmatch(status)
    } == set()


def test_users_are_nobody_to_the_calls_of_eas():
    users = ("alice", "charlie", "bob", "dana", "staff", "superuser")

    differing = [
        key
        for key, cell in read_table()["anonymous"].items()
        if key[0].startswith("api/v1/ea")
        and {read[key] for read in (read_table()[name] for name in users)} != {cell}
    ]

    assert differing == []
