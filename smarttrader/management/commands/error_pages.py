"""Write the error pages as files, for a proxy to show while nobody else can answer."""

import itertools
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.template.loader import render_to_string
from django.utils.translation import override

PAGES = ("400", "403", "404", "413", "429", "500", "503", "maintenance")


class Command(BaseCommand):
    help = "Write 400.html to 503.html and maintenance.html into a folder"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path)

    def handle(self, *_args: Any, **options: Any) -> None:
        folder: Path = options["folder"]
        folder.mkdir(parents=True, exist_ok=True)
        for language, name in itertools.product(dict(settings.LANGUAGES), PAGES):
            # The proxy chooses by Accept-Language, or shows the one without a name.
            is_default = language == settings.LANGUAGE_CODE
            file_name = f"{name}.html" if is_default else f"{name}.{language}.html"
            with override(language):
                (folder / file_name).write_text(render_to_string(f"{name}.html"))
        self.stdout.write(
            f"{len(PAGES)} pages are written in each language; they need STATIC_ROOT."
        )
