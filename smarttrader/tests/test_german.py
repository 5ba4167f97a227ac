"""Every page speaks German to whoever reads German, and nothing but German."""

import re

import pytest
from django.utils.translation import trans_real

from accounts.models import User
from smarttrader.devstack.catalogs import extract
from smarttrader.tests.access import World
from smarttrader.tests.rendered import machine_values, pages, texts, words_of_rows

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_limits")]

READERS = ("anonymous", "alice", "bob", "superuser")
each_reader = pytest.mark.parametrize("name", READERS)
# Names, units and codes, which every language writes alike; initials of a user; and
# what Django's own templates leave in English.
NAMES = {
    *("Smart", "Stock", "Trader", "MetaTrader", "Expert", "Advisor", "Stripe"),
    *("Django", "UTC", "API", "CSV", "PDF", "JSON", "ZIP", "HH", "MM", "MB", "SST"),
    *("English", "Deutsch", "EUR", "USD", "JPY", "http", "testserver"),
    *("UU", "pdf", "true", "false", "True", "False", "None", "Search"),
}
DJANGOS_OWN = ("admin/accounts/user/<id>/password/",)
MARKED = re.compile(r"⟦[^⟦⟧]*⟧")
WORD = re.compile(r"[^\W\d_]{2,}")
PLACEHOLDER = re.compile(r"%\(|\{")


class Bracketing:
    """A language in which each text that is marked for translation is in brackets."""

    def gettext(self, message: str) -> str:
        text = message.rpartition(trans_real.CONTEXT_SEPARATOR)[2]
        if re.fullmatch(r"\w+,\w+", text):  # the two words of the filter yesno
            return ",".join(map(self.gettext, text.split(",")))
        return f"⟦{text}⟧"

    def ngettext(self, singular: str, plural: str, number: int) -> str:
        return self.gettext(singular if number == 1 else plural)

    def language(self) -> str:
        return "de"

    to_language = language


@pytest.fixture
def world():
    world = World()
    User.objects.update(language="de")
    world.clients["anonymous"].defaults["HTTP_ACCEPT_LANGUAGE"] = "de"
    return world


def without_marked(html: str) -> str:
    while MARKED.search(html):
        html = MARKED.sub(" ", html)
    return html


def unmarked(text: str, data: set[str]) -> str:
    return " ".join(word for word in WORD.findall(text) if word not in NAMES | data)


@each_reader
def test_every_text_of_a_page_is_marked_for_translation(world, name, monkeypatch):
    data = words_of_rows()
    german = trans_real._translations  # type: ignore[attr-defined] # noqa: SLF001
    monkeypatch.setitem(german, "de", Bracketing())

    found = {
        f"{left} ({path})"
        for path, html in pages(world, name)
        if path not in DJANGOS_OWN
        for left in {unmarked(text, data) for text in texts(without_marked(html))}
        if left
    }

    assert not found, "\n".join(sorted(found))


@each_reader
def test_a_german_is_shown_german_and_the_figures_of_everybody(world, name):
    # What has a placeholder never stands in a page as it is.
    english = {
        message
        for _, message, _ in extract()
        if isinstance(message, str)
        and " " in message
        and not PLACEHOLDER.search(message)
    } - {"Expert Advisor"}
    german = dict(pages(world, name))

    assert german
    assert {
        path
        for path, html in german.items()
        if "<html" in html and '<html lang="de"' not in html
    } == set()
    assert {
        (path, text)
        for path, html in german.items()
        for text in texts(html)
        if text in english
    } == set()
    # What programs read of a page is the same in every language.
    User.objects.update(language="en")
    world.clients[name].defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    for path, html in pages(world, name):
        # Lists of the admin are sorted by what each is called.
        values, german_values = machine_values(html), machine_values(german[path])
        assert sorted(values) == sorted(german_values), path
