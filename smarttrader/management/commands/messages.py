"""Bring the catalogs of translations up to date, for somebody to translate."""

from typing import Any

from django.core.management.base import BaseCommand

from smarttrader.devstack.catalogs import compile_catalogs, update_catalogs
from smarttrader.lib.model_names import names_to_translate


class Command(BaseCommand):
    help = "Collect what is to be translated into the catalogs below locale/"

    def handle(self, *_args: Any, **_options: Any) -> None:
        update_catalogs(names_to_translate())
        compile_catalogs()
