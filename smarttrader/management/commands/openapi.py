"""Write docs/openapi.json: make openapi."""

import json
from typing import Any

from django.core.management.base import BaseCommand
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator

from smarttrader.openapi.document import FILE


def generated() -> str:
    """Return the document of the views as they are."""
    with GENERATOR_STATS.silence():
        generator = SchemaGenerator()  # type: ignore[no-untyped-call]
        document = generator.get_schema(public=True)  # type: ignore[no-untyped-call]
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


class Command(BaseCommand):
    help = "Write the OpenAPI document of the user API and the EAs' calls"

    def handle(self, *_args: Any, **_options: Any) -> None:
        FILE.write_text(generated())
        self.stdout.write(f"{FILE.relative_to(FILE.parents[1])} is written.")
