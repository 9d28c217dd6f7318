"""Set up .venv with all that tests need, and run every check that CI runs.

Usage: `python scripts/test.py [--only CHECK] [arguments of pytest]`
"""

# No annotations and no f-strings in this file: an old Python must get as far as the message.
import sys

if sys.version_info < (3, 11):  # noqa: UP036 - whoever starts it may have an older one
    sys.exit(
        "fedfolder needs Python 3.11 or newer; this is " + sys.version.split()[0] + " (" + sys.executable + ").\n"
        "  to do:  start this script with a newer one: `python3.12 scripts/test.py`, or `py -3.12 scripts\\test.py`"
    )

import checks
import setup_venv

if __name__ == "__main__":
    options = checks.parse(sys.argv[1:])
    try:
        setup_venv.ensure(setup_venv.TEST_LOCK)
    except setup_venv.SetupError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit("\nInterrupted; start again to finish the set-up.")
    sys.exit(checks.run(options))
