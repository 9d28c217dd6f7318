#!/bin/sh
# Installs fedfolder @VERSION@ for this user, from this folder alone: sh install.sh [PYTHON]
# PYTHON is the path of a Python @PYTHON@; without it, the python@PYTHON@ on the PATH is taken.
python=${1:-python@PYTHON@}
if ! command -v "$python" >/dev/null; then
    echo "There is no $python. Install Python @PYTHON@, or say where it is: sh install.sh /path/to/python@PYTHON@" >&2
    exit 1
fi
exec "$python" -I "$(dirname "$0")/install.py"
