import io
import json
import logging
import logging.config
import string
import subprocess
import sys
import urllib.parse

import jwt
import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st

from licensing.keys import canonical_key, generate_key
from smarttrader.lib.logs import JsonFormatter, ScrubbingFormatter, scrubbed
from smarttrader.lib.request_context import answering, note_bot

KEY = "SST-7K2QX-9M4TZ-PA8C1-VH03N-D5"
TOKEN = jwt.encode({"aud": "bot", "sub": "x" * 36}, "k" * 32, algorithm="HS256")
LOOK_ALIKES = {"0": "0Oo", "1": "1IiLl"}
SEPARATORS = ["", "-", " ", "--", "\t", "\n", "\u00a0", " - ", "\u2003", "\r\n"]


@st.composite
def spellings(draw):
    """A key in some spelling that licensing.keys forgives."""
    letters = draw(st.text(string.digits + "ABCDEFGHJKMNPQRSTVWXYZ", min_size=22))[:22]
    text = "SST" + letters
    spelled = [
        draw(st.sampled_from(LOOK_ALIKES.get(letter, letter + letter.lower())))
        for letter in text
    ]
    between = draw(st.sampled_from(SEPARATORS))
    if draw(st.booleans()):  # anywhere, not only where dashes belong
        return between.join(spelled)
    groups = [spelled[:3], *[spelled[n : n + 5] for n in range(3, 25, 5)]]
    return between.join("".join(group) for group in groups)


def line_of(message, *args, exc_info=None):
    record = logging.LogRecord("app", 20, "file", 1, message, args, exc_info)
    return ScrubbingFormatter("%(levelname)s %(message)s").format(record)


@given(spellings())
def test_no_spelling_of_a_key_is_logged(key):
    for text in (key, f"key={key}.", f'{{"license_key":"{key}"}}', f"({key})"):
        assert scrubbed(text) == text.replace(key, "[license key]")


@given(spellings())
def test_no_spelling_of_a_key_is_logged_as_a_repr_in_json_or_in_a_form(key):
    for text in (
        repr(key),
        repr(f"license_key={key}".encode()),
        repr(f"x\n{key}\n"),
        json.dumps({"license_key": key}),
        f"license_key={urllib.parse.quote(key)}&a=1",
        f"license_key={urllib.parse.quote_plus(key)}&a=1",
        f"license%5Fkey%3D{urllib.parse.quote(key, safe='')}",
    ):
        assert scrubbed(text).count("[license key]") == 1


def test_real_keys_are_taken_out_also_amid_letters():
    for _ in range(50):
        key = generate_key()

        assert scrubbed(f"x{key}x") == "x[license key]x"
        assert scrubbed(f"x{canonical_key(key)}") == "x[license key]"


@pytest.mark.parametrize(
    "text",
    [
        "less than thirty letters were expected before the end",
        "Task analytics.roll_up[3f1b] succeeded in 0.02 s: 17",
        "address the remote server has when it is started",
        "SST-12345",
        "GET /api/v1/ea/heartbeat 200",
        "the bearers of good news",
        "smarttrader.lib.cache",
    ],
)
def test_other_lines_stay_as_they_are(text):
    assert scrubbed(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"Authorization: Bearer {TOKEN}", "Authorization: Bearer [token]"),
        ("authorization: bearer abc.def/g+h~=", "authorization: bearer [token]"),
        (
            "{'HTTP_AUTHORIZATION': 'Bearer abc'}",
            "{'HTTP_AUTHORIZATION': 'Bearer [token]'}",
        ),
        ("Bearer%20abc next", "Bearer [token] next"),
        (f"token={TOKEN}&a=1", "token=[token]&a=1"),
        (f'{{"token":"{TOKEN}"}}', '{"token":"[token]"}'),
        (TOKEN.rpartition(".")[0], "[token]"),
        (TOKEN.replace(".", "%2E"), "[token]"),
    ],
)
def test_tokens_are_taken_out(text, expected):
    assert scrubbed(text) == expected


PASSWORD = "correct horse battery staple"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (repr({"password": PASSWORD, "a": 1}), "{'password': '[password]', 'a': 1}"),
        (json.dumps({"new_password": PASSWORD}), '{"new_password": "[password]"}'),
        ("password1=correct+horse&a=1", "password1=[password]&a=1"),
        ("{'password': ['hunter2 hunter2']}", "{'password': ['[password]']}"),
        (repr(b'{"password":"hunter2"}'), 'b\'{"password":"[password]"}\''),
        ("code=123456&next=/", "code=[code]&next=/"),
        (json.dumps({"totp_code": "1", "code": "123456"}), None),
        (repr({"code": "k7d-2pq"}), "{'code': '[code]'}"),
        ("'secret': 'JBSWY3DPEHPK3PXP'", "'secret': '[secret]'"),
        ("sessionid=abcdefgh12345678; a=1", "sessionid=[cookie]; a=1"),
        ("__Host-sessionid=abcdefgh12345678", "__Host-sessionid=[cookie]"),
        ("csrfmiddlewaretoken=abcDEF12345678", "csrfmiddlewaretoken=[cookie]"),
        ("{'csrftoken': 'abcDEF12345678'}", "{'csrftoken': '[cookie]'}"),
        (
            "Not Found: /accounts/password/reset/key/3f-abc123/",
            "Not Found: /accounts/password/reset/key/[token]/",
        ),
        ("GET /unsubscribe/WyJh:1t_x-y:Q/", "GET /unsubscribe/[token]/"),
        ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw=", "[secret]"),
        ("/bot123456:AAH-x_y/getUpdates", "/bot[token]/getUpdates"),
    ],
)
def test_what_lets_people_in_is_taken_out(text, expected):
    if expected is None:
        expected = text.replace("123456", "[code]")

    assert scrubbed(text) == expected


@pytest.mark.parametrize(
    "text",
    ["code=TOKEN_INVALID", "status code: 200", "a password was changed", "code 12345"],
)
def test_other_words_of_sign_in_stay(text):
    assert scrubbed(text) == text


def json_line_of(message, *args, **extra):
    record = logging.LogRecord("app", 20, "file", 1, message, args, None)
    vars(record).update(extra)
    return json.loads(JsonFormatter("%(message)s").format(record))


def test_a_json_line_tells_the_request_and_who_called():
    with answering("77aa"):
        note_bot("b0")
        line = json_line_of("hello %s", KEY, route="bots", status=200)

    assert line.pop("time").endswith("+00:00")
    assert line == {
        "level": "INFO",
        "logger": "app",
        "message": "hello [license key]",
        "request_id": "77aa",
        "bot_id": "b0",
        "route": "bots",
        "status": 200,
    }


def test_a_json_line_of_no_request_tells_none():
    assert set(json_line_of("hello")) == {"time", "level", "logger", "message"}


def test_a_record_of_many_lines_is_one_line_of_json():
    record = logging.LogRecord("app", 20, "file", 1, "a\nb\u2028c", (), None)

    text = JsonFormatter("%(message)s").format(record)

    assert len(text.splitlines()) == 1
    line = json.loads(text)
    assert (line["message"], line["more"]) == ("a", "b\u2028c")


@pytest.mark.parametrize(
    "piece",
    [
        "password=",
        "password='",
        "code=",
        "secret=",
        "eyJ",
        "S",
        "SST",
        "SST-",
        "S ",
        "-",
        " ",
        "bearer",
        "bearer ",
        "%20",
        "\\n",
    ],
)
def test_a_line_that_is_made_to_be_slow_is_scrubbed_all_the_same(piece):
    line = scrubbed(f"SST{piece * 300_000}{KEY}")

    assert KEY not in line


def test_arguments_are_scrubbed():
    assert line_of("%s and %r", KEY, {"token": TOKEN}) == (
        "INFO [license key] and {'token': '[token]'}"
    )


def test_a_traceback_is_scrubbed():
    error = ValueError(KEY, f"Bearer {TOKEN}")

    line = line_of("it failed", exc_info=(ValueError, error, None))

    assert line == ("INFO it failed\nValueError: ('[license key]', 'Bearer [token]')")


@pytest.fixture
def logged(monkeypatch):
    """What reaches standard error from the loggers as the settings set them up."""
    stream = io.StringIO()
    root = logging.getLogger()
    before = root.handlers[:]
    monkeypatch.setattr(sys, "stderr", stream)
    logging.config.dictConfig(settings.LOGGING)
    yield stream
    root.handlers = before


@pytest.mark.parametrize(
    "name",
    ["django", "django.request", "django.server", "bots", "celery", "celery.task", ""],
)
def test_every_logger_writes_through_the_one_scrubbing_handler(logged, name):
    logging.getLogger(name).error("refused %s", KEY)

    assert [line.partition(": ")[2] for line in logged.getvalue().splitlines()] == [
        "refused [license key]"
    ]


def test_celery_adds_no_handler_of_its_own():
    program = (
        "import logging\n"
        "from smarttrader.celery import app\n"
        "from celery.utils.log import get_task_logger\n"
        "import django; django.setup()\n"
        "app.log.setup(loglevel='INFO', redirect_stdouts=True)\n"
        f"get_task_logger('a').error('task %s', {KEY!r})\n"
        f"logging.getLogger('celery.worker').error('worker %s', {KEY!r})\n"
    )

    done = subprocess.run(  # noqa: S603 -- our own program
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    lines = done.stderr.splitlines()
    assert [line.partition(": ")[2] for line in lines] == [
        "task [license key]",
        "worker [license key]",
    ]
    assert done.stdout == ""
