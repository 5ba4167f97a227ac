import re

import lucide
from django.conf import settings

NAMED = re.compile(r'{% lucide "([a-z0-9-]+)"')


def test_every_icon_that_a_template_names_exists():
    templates = [
        *settings.BASE_DIR.glob("templates/**/*.html"),
        *settings.BASE_DIR.glob("*/templates/**/*.html"),
    ]
    named = {name for path in templates for name in NAMED.findall(path.read_text())}

    for name in sorted(named):
        lucide._render_icon(name, 16)  # noqa: SLF001 -- what its template tag calls

    assert len(named) > 10
