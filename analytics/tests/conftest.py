"""Fixtures of statements: importing a file as its owner would."""

import json
import os
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command

from accounts.models import User
from licensing.models import License
from licensing.tests.factories import LicenseFactory

Import = Callable[..., dict[str, Any]]


@pytest.fixture(scope="session")
def real_statements() -> Path:
    """Return the folder of real statements, which lies beside the repository."""
    default = settings.BASE_DIR.parent / "shared" / "statements"
    folder = Path(os.environ.get("STATEMENTS_DIR", default))
    if not folder.is_dir():
        pytest.skip(f"{folder} does not exist")
    return folder


@pytest.fixture
def alices_license(alice: User) -> License:
    return LicenseFactory.create(user=alice)


@pytest.fixture
def import_file(alice: User, alices_license: License) -> Import:
    """Import a file for Alice through the command; return what it prints as JSON."""

    def run(path: Path, **options: Any) -> dict[str, Any]:
        out = StringIO()
        call_command(
            "import_statement",
            path,
            user=alice.email,
            as_json=True,
            stdout=out,
            stderr=StringIO(),
            **options,
        )
        report: dict[str, Any] = json.loads(out.getvalue())
        return report

    return run
