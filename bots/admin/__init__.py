"""The back office's view of licenses and their accounts, bots, settings and logs."""

from bots.admin import bots, licenses  # noqa: F401 -- they register themselves
