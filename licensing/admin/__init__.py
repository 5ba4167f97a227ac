"""The back office's view of plans, resellers, and of what became of licenses.

Licenses themselves are in bots/admin, which knows the accounts that they run on.
"""

from licensing.admin import (  # noqa: F401 -- they register themselves
    allotment_entries,
    records,
    resellers,
)
