import pytest

from smarttrader.context_processors import look


@pytest.mark.parametrize(
    ("cookie", "theme"),
    [("light", "light"), ("dark", "dark"), ('"><script>', ""), ("", "")],
)
def test_only_the_two_themes_come_out_of_the_cookie(rf, cookie, theme):
    request = rf.get("/")
    request.COOKIES["theme"] = cookie

    assert look(request)["theme"] == theme
