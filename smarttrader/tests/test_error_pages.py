from pathlib import Path

import pytest
from django.core.management import call_command
from django.template.loader import get_template

CODES = ["400", "403", "403_csrf", "404", "413", "429", "500", "503"]


@pytest.mark.parametrize("code", CODES)
def test_an_error_page_needs_neither_context_nor_request_nor_database(code):
    page = get_template(f"{code}.html").render()

    assert code.partition("_")[0] in page
    assert "</html>" in page


def test_error_pages_are_written_for_the_proxy(tmp_path: Path):
    call_command("error_pages", str(tmp_path / "new"))

    written = {path.name: path.read_text() for path in (tmp_path / "new").iterdir()}
    names = ("400", "403", "404", "413", "429", "500", "503", "maintenance")
    assert set(written) == {
        f"{name}{language}.html" for name in names for language in ("", ".de")
    }
    assert '<html lang="de">' in written["503.de.html"]
    assert "closed for maintenance" in written["maintenance.html"]
    # Whatever they load is a file: a proxy has nothing else.
    assert all("/static/ui/ui.css" in page for page in written.values())
