r"""Who may read a file on Windows, as its own program `icacls` tells and sets it.

Accounts go by their identifiers (S-1-5-...), never by names: those are in the system's language. `icacls FILE /save
LIST` writes the rights as SDDL, in which every entry is `(type;flags;rights;;;account)`.

An account of its own may run the node as a service, beside the person who made the home. Who may read the key stands in
`accounts.txt` beside it, an identifier a line, first of all who made it; so that any other is somebody's decision, and
not what a folder handed down.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from fedfolder.errors import ConfigError

ACCOUNTS: Final = "accounts.txt"
_SHORT: Final = {"SY": "S-1-5-18", "LS": "S-1-5-19", "NS": "S-1-5-20", "BA": "S-1-5-32-544"}
"""What SDDL calls some accounts."""
_SYSTEM: Final = frozenset({"S-1-5-18", "S-1-5-32-544"})
"""The system and its administrators, who can read every file in any case."""
_SECONDS: Final = 30
_IDENTIFIER = re.compile(r"S-1-[0-9-]+")


def keep_private(path: Path) -> None:
    """Take every right on the file at `path` from all but the account that runs this, and begin its list with it.

    Raises
    ------
    ConfigError
        If that cannot be done.
    """
    account = _this_account()
    _run("icacls", str(path), "/inheritance:r", "/grant:r", f"*{account}:F", where=path)
    path.with_name(ACCOUNTS).write_text(f"{account}\n", encoding="utf-8", newline="\r\n")


def require_private(path: Path) -> None:
    """Refuse a file that others may read.

    Raises
    ------
    ConfigError
        Naming their identifiers.
    """
    allowed = {_this_account(), *_SYSTEM, *_listed(path.with_name(ACCOUNTS))}
    found = _rights(path)
    others = ["everybody"] if found is None else sorted(found - allowed)
    if others:
        raise ConfigError(
            "others can read the key of this home",
            where=str(path),
            found=", ".join(others),
            expected="this account alone, as `icacls` shows it",
            do=f'icacls "{path}" /inheritance:r /grant:r "*{_this_account()}:F", and think about who may have read it; '
            f"an account that runs this node is allowed by a line with its identifier in {path.with_name(ACCOUNTS)}",
        )


def _rights(path: Path) -> set[str] | None:
    """The accounts with any right on a file; None if it has no list of rights, which means everybody."""
    with tempfile.TemporaryDirectory() as folder:
        saved = Path(folder) / "rights.txt"
        _run("icacls", str(path), "/save", str(saved), where=path)
        text = saved.read_bytes().decode("utf-16-le", errors="replace")
    _, found, rights = text.rpartition("D:")
    if not found or "NO_ACCESS_CONTROL" in rights:
        return None
    entries = [[*entry.split(";"), *[""] * 5] for entry in re.findall(r"\(([^)]*)\)", rights)]
    # "D" and its like deny.
    return {_SHORT.get(account, account) for kind, _, _, _, _, account, *_ in entries if "D" not in kind}


def _this_account() -> str:
    """The identifier of the account that runs this."""
    said = _run("whoami", "/user", "/fo", "csv", "/nh", where=Path("whoami"))
    found = re.search(r'"(S-1-[0-9-]+)"\s*\Z', said)
    if found is None:
        raise ConfigError(
            "Windows does not say which account this is", where="whoami /user", do="ask the IT department"
        )
    return found[1]


def _listed(path: Path) -> set[str]:
    try:
        lines = path.read_text(encoding="utf-8-sig").split()
    except FileNotFoundError:
        return set()
    return {line for line in lines if _IDENTIFIER.fullmatch(line)}


def _run(program: str, *arguments: str, where: Path) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - Windows' own programs, and paths of this home
            [program, *arguments], capture_output=True, check=True, timeout=_SECONDS
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise ConfigError(
            "Windows does not let this see or set who may read the key",
            where=str(where),
            found=f"{program}: {type(error).__name__}",
            expected="a home on a disk with rights (NTFS), and a file that this account owns",
            do="put the home on the computer's own disk",
        ) from None
    return done.stdout.decode("ascii", errors="replace")
