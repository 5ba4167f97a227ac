"""The settings, their page and the example file name the same variables."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def read_by_settings() -> set[str]:
    """Return the NAME of each `env("NAME")`, `env.str("NAME")` and so on."""
    tree = ast.parse((ROOT / "smarttrader" / "settings.py").read_text())
    return {
        argument.value
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and is_env(call.func)
        for argument in call.args[:1]
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    }


def is_env(function: ast.expr) -> bool:
    if isinstance(function, ast.Attribute):
        function = function.value
    return isinstance(function, ast.Name) and function.id == "env"


def test_the_page_explains_each_variable() -> None:
    page = (ROOT / "docs" / "configuration.md").read_text()
    settings_part, _, _ = page.partition("## Variables of the make targets")

    explained = re.findall(r"^\| `([A-Z_]+)` \|", settings_part, re.MULTILINE)

    assert sorted(explained) == sorted(read_by_settings())


def test_the_example_file_names_each_variable() -> None:
    example = (ROOT / ".env.example").read_text()

    named = re.findall(r"^# .+\n#([A-Z_]+)=", example, re.MULTILINE)

    assert sorted(named) == sorted(read_by_settings())
