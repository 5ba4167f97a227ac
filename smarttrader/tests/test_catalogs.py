"""The catalogs say all that the code and the templates say, and nothing else."""

import io
import os
import re

import pytest
from babel.messages import pofile

from smarttrader.devstack.catalogs import (
    LANGUAGES,
    catalog_path,
    compile_catalogs,
    extract,
)
from smarttrader.lib.model_names import names_to_translate

# While texts are still being written, translating lags behind.
pytestmark = pytest.mark.skipif(
    not os.environ.get("CATALOGS"), reason="only when it is asked for"
)
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd%]|\{\w*\}")
each_language = pytest.mark.parametrize("language", LANGUAGES)


def read(language):
    path = catalog_path(language)
    catalog = pofile.read_po(io.StringIO(path.read_text()), locale=language)
    return catalog, [message for message in catalog if message.id]


def forms(text):
    return [text] if isinstance(text, str) else list(text)


def key(message):
    return message.context, forms(message.id)[0]


@each_language
def test_a_catalog_has_what_is_said(language):
    _, messages = read(language)
    said = {(context, forms(message)[0]) for _, message, context in extract()}
    said |= {(None, name) for name in names_to_translate()}

    known = {key(message) for message in messages}
    assert said - known == set(), "make messages adds these"
    assert known - said == set(), "make messages drops these"


@each_language
def test_a_catalog_has_no_entry_to_be_done(language):
    catalog, messages = read(language)

    missing = [key(each) for each in messages if not all(forms(each.string))]
    fuzzy = [key(each) for each in messages if each.fuzzy]
    assert (missing, fuzzy, list(catalog.obsolete)) == ([], [], [])


@each_language
def test_a_translation_has_the_placeholders_of_its_text(language):
    _, messages = read(language)

    differing = [
        key(message)
        for message in messages
        for text in forms(message.string)
        # The singular may name the number by a word, or not at all.
        if set(PLACEHOLDER.findall(text))
        not in [set(PLACEHOLDER.findall(each)) for each in forms(message.id)]
    ]
    assert differing == []


@each_language
def test_a_translation_begins_and_ends_as_its_text(language):
    """Spaces and line ends around a text are the page's."""
    _, messages = read(language)

    def edges(text):
        return text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]

    assert [
        key(message)
        for message in messages
        if edges(forms(message.id)[0]) != edges(forms(message.string)[0])
    ] == []


@each_language
def test_what_is_read_is_not_older_than_its_catalog(language):
    compile_catalogs()

    compiled = catalog_path(language).with_suffix(".mo")
    assert compiled.stat().st_mtime >= catalog_path(language).stat().st_mtime
