"""What holds for all tests."""

from __future__ import annotations

import os

from hypothesis import settings

# A busy machine is slow, not wrong. In CI the same examples are drawn each time: what is found at random is found by
# whoever runs the tests at their desk, and not by a change that has nothing to do with it.
settings.register_profile("unhurried", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("unhurried")
