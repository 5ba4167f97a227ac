import pytest
from django.template.loader import get_template

CODES = ["400", "403", "403_csrf", "404", "429", "500"]


@pytest.mark.parametrize("code", CODES)
def test_an_error_page_needs_neither_context_nor_request_nor_database(code):
    page = get_template(f"{code}.html").render()

    assert code.partition("_")[0] in page
    assert "</html>" in page
