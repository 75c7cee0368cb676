"""What a machine lacks: a reason to skip on a laptop, a failure in continuous integration."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest

INSTALL = "`./dev test` installs it"


class MissingError(Exception):
    """A program is not on this machine; the message says which, and how to get it."""


def skip_or_fail(missing: MissingError) -> NoReturn:
    """Ends the running test, with a failure where `CI=true`."""
    if os.environ.get("CI") == "true":
        pytest.fail(str(missing), pytrace=False)
    pytest.skip(str(missing))
