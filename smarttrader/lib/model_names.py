"""The names of our apps, models and fields, which Django makes of their identifiers.

They are translated here rather than written into each field once more.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.utils.translation import gettext_lazy, override

OUR_FOLDERS = (settings.BASE_DIR, settings.BASE_DIR / "smarttrader")
# What nobody calls by the column's name.
SPOKEN = {
    "at": "time",
    "ip": "IP address",
    "is active": "active",
    "is live": "live account",
    "is public": "public",
    "is urgent": "urgent",
    "ea version": "EA version",
    "utc offset minutes": "UTC offset in minutes",
    "mt4 account": "MT4 account",
    "lifted by type": "lifted by whom",
}
MODEL_NAMES = ("verbose_name", "verbose_name_plural")


def translate_names() -> None:
    # Plurals that Django makes are lazy already: of a translated name, and an "s".
    with override(None):
        names = [(*each, _name(*each)) for each in _named()]
    for named, attribute, name in names:
        setattr(named, attribute, gettext_lazy(name))


def names_to_translate() -> set[str]:
    with override(None):
        return {_name(named, attribute) for named, attribute in _named()}


def _name(named: Any, attribute: str) -> str:
    name = str(getattr(named, attribute))
    return SPOKEN.get(name, name)


def _named() -> Iterator[tuple[Any, str]]:
    # Its authors mark none of its names; the rest of allauth is translated.
    for attribute in MODEL_NAMES:
        yield apps.get_model("usersessions", "UserSession")._meta, attribute
    for config in apps.get_app_configs():
        if Path(config.path).parent not in OUR_FOLDERS:
            continue
        yield config, "verbose_name"
        for model in config.get_models():
            for attribute in MODEL_NAMES:
                yield model._meta, attribute
            for field in [*model._meta.local_fields, *model._meta.local_many_to_many]:
                yield field, "verbose_name"
