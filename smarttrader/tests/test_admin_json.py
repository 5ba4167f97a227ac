"""What the back office shows of JSON."""

from billing.models import ProviderEvent
from licensing.models import LicenseEvent
from smarttrader.lib.admin_json import readable


def shown(row):
    """Return what its page shows of a row's JSON, by the name of the field."""
    names = [field.name for field in row._meta.fields]
    made = [each for each in readable(type(row), names) if callable(each)]
    return {each.__name__: each(row) for each in made}


def test_changes_are_one_table_with_each_name_once():
    event = LicenseEvent(
        before={"max_accounts": 1, "status": "active"},
        after={"status": "suspended", "held": True},
    )

    table = shown(event)["changes"]

    assert list(shown(event)) == ["changes"]
    assert '<th scope="row">max accounts</th><td>1</td><td>-</td>' in table
    assert '<th scope="row">status</th><td>active</td><td>suspended</td>' in table
    assert '<th scope="row">held</th><td>-</td><td>Yes</td>' in table
    assert table.count('scope="row"') == 3


def test_an_event_that_changed_nothing_shows_no_table():
    assert shown(LicenseEvent(before={}, after={})) == {"changes": "-"}


def test_what_is_nested_is_a_table_in_its_cell():
    event = ProviderEvent(
        payload={"plan": {"amount": 4900}, "codes": ["a", "b"], "lines": [{"n": 1}]}
    )

    table = shown(event)["payload"]

    inner = '<tr><th scope="row">amount</th><td>4900</td></tr>'
    assert f'<td><table class="json"><tbody>{inner}</tbody></table></td>' in table
    assert "<td>a, b</td>" in table
    assert '<th scope="row">n</th><td>1</td>' in table


def test_markup_is_inert():
    bad = "<script>alert(1)</script>"
    event = LicenseEvent(before={bad: bad}, after={bad: [bad, {bad: bad}]})

    table = shown(event)["changes"]

    assert "<script" not in table
    assert table.count("&lt;script&gt;") == 5
