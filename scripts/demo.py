"""Set up .venv from locked dependencies, install fedfolder, and run `fedfolder demo` with the arguments given.

Usage: `python scripts/demo.py [FOLDER] [OPTIONS of fedfolder demo]`
"""

# No annotations and no f-strings in this file: an old Python must get as far as the message.
import sys

if sys.version_info < (3, 11):  # noqa: UP036 - whoever starts it may have an older one
    sys.exit(
        "fedfolder needs Python 3.11 or newer; this is " + sys.version.split()[0] + " (" + sys.executable + ").\n"
        "  to do:  start this script with a newer one: `python3.12 scripts/demo.py`, or `py -3.12 scripts\\demo.py`"
    )

import setup_venv

if __name__ == "__main__":
    try:
        setup_venv.ensure(setup_venv.RUN_LOCK)
    except setup_venv.SetupError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit("\nInterrupted; start again to finish the set-up.")
    sys.exit(setup_venv.run([setup_venv.program("fedfolder"), "demo"] + sys.argv[1:]))
