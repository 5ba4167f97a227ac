"""Write the error pages as files, for a proxy to show while nobody else can answer."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from django.template.loader import render_to_string

PAGES = ("400", "403", "404", "413", "429", "500", "503", "maintenance")


class Command(BaseCommand):
    help = "Write 400.html to 503.html and maintenance.html into a folder"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path)

    def handle(self, *_args: Any, **options: Any) -> None:
        folder: Path = options["folder"]
        folder.mkdir(parents=True, exist_ok=True)
        for name in PAGES:
            (folder / f"{name}.html").write_text(render_to_string(f"{name}.html"))
        self.stdout.write(f"{len(PAGES)} pages are written; they need STATIC_ROOT too.")
