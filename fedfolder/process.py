"""What this process is among others: the program of its Python, and who handles its signals."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from pathlib import Path, PureWindowsPath
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator


def interpreter() -> str:
    """The program that runs Python as this process does, for a child process or a script.

    That is `sys.executable`, unless Python lives inside another program, which then may stand there: it is looked for
    where Python itself was installed.
    """
    executable = sys.executable or ""
    if PureWindowsPath(executable).stem.lower().startswith("python"):
        return executable
    return next((str(path) for path in _candidates() if path.is_file()), executable)


def _candidates() -> Iterator[Path]:
    """Where a Python has its program: that of a virtual environment first, then that which it was made from."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for prefix in dict.fromkeys([sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix]):
        if os.name == "nt":
            yield from (Path(prefix) / "Scripts" / "python.exe", Path(prefix) / "python.exe")
        else:
            yield from (Path(prefix) / "bin" / name for name in (version, "python3", "python"))


@contextlib.contextmanager
def handling(numbers: Iterable[int], handler: Callable[..., Any]) -> Iterator[None]:
    """Have signals handled for a while.

    Those stay as they are that another program handles in which Python lives, for they could not be given back to it;
    all of them do beside the main thread, where Python does not let us.
    """
    mine = threading.current_thread() is threading.main_thread()
    known = [number for number in numbers if mine and signal.getsignal(number) is not None]
    before = {number: signal.signal(number, handler) for number in known}
    try:
        yield
    finally:
        for number, former in before.items():
            signal.signal(number, former)
