"""A process that has imported all of fedfolder, and becomes as many fresh `fedfolder` processes as are ordered.

Starting Python takes a second; forking takes none, and what is forked has never run anything. Orders and answers are
lines of JSON: an order has `arguments` and `output`; the answer is the `pid` of the child, which waits for a line to go
on, and then its `status`.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import sys
from pathlib import Path


def say(**answer: int) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def become(arguments: list[str], output: str, modules: str | None) -> None:
    """Be `fedfolder ARGUMENTS`, and end."""
    descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    from fedfolder.cli import main

    sys.argv = ["fedfolder", *arguments]
    code = 1
    try:
        main()
    except SystemExit as end:
        code = int(end.code or 0)
    if modules:
        Path(modules).write_text(json.dumps(sorted(sys.modules)), encoding="utf-8")
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def serve() -> None:
    for line in sys.stdin:
        order = json.loads(line)
        for name in order.get("import", ()):
            with contextlib.suppress(Exception):
                importlib.import_module(name)
        if "arguments" not in order:
            say(status=0)
            continue
        wait, go = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.read(wait, 1)
            become(order["arguments"], order["output"], order.get("modules"))
        say(pid=pid)
        sys.stdin.readline()
        os.write(go, b".")
        _, status = os.waitpid(pid, 0)
        os.close(wait)
        os.close(go)
        say(status=status)


if __name__ == "__main__":
    serve()
