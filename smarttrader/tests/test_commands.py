"""Our management commands, as a shell calls them."""

from collections import Counter

import pytest
from django.conf import settings
from django.core.management import get_commands, load_command_class

OURS = sorted(
    name
    for name, app in get_commands().items()
    if app in settings.INSTALLED_APPS
    and "." not in app.removeprefix("smarttrader.")
    and not app.startswith(("django", "allauth"))
)


@pytest.mark.parametrize("name", OURS)
def test_no_argument_takes_the_name_of_one_of_djangos(name):
    """`settings` would be loaded as the module of all settings."""
    command = load_command_class(get_commands()[name], name)
    parser = command.create_parser("manage.py", name)

    counts = Counter(action.dest for action in parser._actions)  # noqa: SLF001

    assert [dest for dest, count in counts.items() if count > 1] == []


def test_our_commands_are_found():
    assert {"bot_settings", "issue_license", "license", "seed"} <= set(OURS)
