"""Every page of the site, rendered for somebody, and what of it is text or figures."""

import re
from collections.abc import Iterator

import lxml.html
from django.apps import apps
from django.conf import settings
from django.db import models

from smarttrader.tests.access import World, patterns

# Addresses that answer without a page: programs', and ways to somewhere else.
NOT_PAGES = ("api/", "^api/")
TOLD_ATTRIBUTES = ("alt", "aria-label", "placeholder", "title", "data-busy")
MACHINE_ATTRIBUTES = {
    *("d", "x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "r", "width", "height"),
    *("points", "viewbox", "transform", "offset", "href", "hx-get", "action"),
    *("datetime", "min", "max", "step", "maxlength", "data-upper-digits"),
}
WITHOUT_TEXT = {"script", "style", "code", "pre", "option"}


def pages(world: World, name: str) -> Iterator[tuple[str, str]]:
    """Yield path and HTML of each page that somebody is shown."""
    for path, url_name, pattern in patterns():
        if path.startswith(NOT_PAGES):
            continue
        response = world.clients[name].get(world.path_of(path, url_name, pattern))
        if response.status_code == 200 and "html" in response["Content-Type"]:
            yield path, response.content.decode()


def texts(html: str) -> Iterator[str]:
    """Yield each text that a page shows or has read out."""
    for element in lxml.html.document_fromstring(html).iter("*"):
        if element.tag not in WITHOUT_TEXT:
            yield (element.text or "").strip()
        yield (element.tail or "").strip()
        yield from (element.get(each, "") for each in TOLD_ATTRIBUTES)
        if element.tag == "input" and element.get("type") in ("button", "submit"):
            yield element.get("value", "")


def machine_values(html: str) -> list[tuple[str, str, str]]:
    """Return what no reader's language may change, each figure written as 0."""
    root = lxml.html.document_fromstring(html)
    found = [
        (str(element.tag), str(name), str(value))
        for element in root.iter("*")
        for name, value in element.items()
        if name in MACHINE_ATTRIBUTES or (name, element.tag) == ("value", "input")
    ]
    found += [("script", "", each.text or "") for each in root.iter("script")]
    return [
        (tag, name, re.sub(r"\d+", "0", value))
        for tag, name, value in found
        if name != "value" or re.fullmatch(r"[\d.,-]+", value)
    ]


def words_of_rows() -> set[str]:
    """Return the words that rows hold: they are nobody's to translate."""
    words: set[str] = set()
    for config in apps.get_app_configs():
        if "site-packages" in config.path:
            continue
        for model in config.get_models():
            names = [
                field.attname
                for field in model._meta.concrete_fields
                if not field.choices
                and not isinstance(field, models.DateTimeField | models.BooleanField)
            ]
            for row in model.objects.values_list(*names):  # type: ignore[attr-defined]
                words.update(re.findall(r"[^\W\d_]+", " ".join(map(str, row))))
    return words | set(settings.SITE_URL.split("/"))
