"""The back office's view of people, and of what they did."""

from accounts.admin import audit, users  # noqa: F401 -- they register themselves
