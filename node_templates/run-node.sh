#!/bin/sh
# Starts this node; press Ctrl-C to stop it. It goes on where it was when it is started again.
cd "$(dirname "$0")" || exit 1
exec @PYTHON@ -m fedfolder node run .
