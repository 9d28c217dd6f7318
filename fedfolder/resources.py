"""Files that ship with fedfolder: `node_templates` and `examples/lbw`.

They lie inside the package once it is installed from a wheel, and beside it in a checkout (where an editable install
points), because people look for templates and examples at the top level of a repository.
"""

from __future__ import annotations

from pathlib import Path

from fedfolder.errors import FedfolderError

PACKAGE = Path(__file__).resolve().parent


def resource(*parts: str, package: Path = PACKAGE) -> Path:
    """Return where a file or folder that ships with fedfolder is.

    Parameters
    ----------
    *parts : str
        The way to it, such as `"examples", "lbw", "lbw.dta"`.
    package : Path
        The folder of the package; tests give another one.

    Raises
    ------
    FedfolderError
        It is neither in the package nor beside it.
    """
    for base in (package, package.parent):
        path = base.joinpath(*parts)
        if path.exists():
            return path
    raise FedfolderError(
        "a file that ships with fedfolder is missing",
        where="/".join(parts),
        found="nothing there",
        expected=f"inside {package} or beside it",
        do="install fedfolder again; the installation is not complete",
    )
