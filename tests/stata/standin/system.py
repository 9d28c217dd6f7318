"""What `c()` tells: our reading of [P] creturn."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from tests.stata.standin import values as limits
from tests.stata.standin.errors import OutsideSubset

if TYPE_CHECKING:
    from tests.stata.standin.session import Session


def c_macro(session: Session, name: str) -> str:
    """A value of `c()`, as text.

    Raises
    ------
    OutsideSubset
        One that the stand-in does not have.
    """
    data = session.memory.data
    values = {
        "version": f"{session.version:g}",
        "stata_version": f"{session.stata_version:g}",
        "os": session.os,
        "pwd": str(Path.cwd()),
        "dirsep": "/",
        "level": "95",
        "linesize": "80",
        "N": str(data.nobs),
        "k": str(len(data.columns)),
        "frame": session.memory.frame,
        "max_matdim": str(limits.MAX_MATRIX),
        "maxvar": str(limits.MAX_VARIABLES),
        "namelenchar": str(limits.NAME_LENGTH),
        "sysdir_plus": str(session.plus) + os.sep,
        "sysdir_personal": str(session.personal) + os.sep,
        "adopath": ";".join(str(folder) for folder in session.adopath),
        "python_exec": session.python_exec,
        "processors": "1",
        "changed": str(int(data.changed)),
        "born_date": "13 Jul 2022",
        "rc": str(session.memory.rc),
        "mode": "",
        "noisily": "1",
        "epsdouble": repr(2.0**-52),
    }
    if name not in values:
        raise OutsideSubset(f"c({name})")
    return values[name]
