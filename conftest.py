"""Fixtures that every app's tests share."""

from typing import Any

import pytest


@pytest.fixture(autouse=True)
def cheap_password_hashes(settings: Any) -> None:
    """Hash passwords with MD5: bcrypt at cost 12 takes 0.3 s of CPU for each user."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
