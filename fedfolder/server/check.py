"""`fedfolder check`: what differs at each site from the study's dictionary, asked of every node as a fit asks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from fedfolder.plan.check import Check
from fedfolder.server.each import NO_ANSWER, ask_each
from fedfolder.server.findings import Findings, SiteFindings
from fedfolder.server.results import write_findings
from fedfolder.server.study import RUNS, open_study

if TYPE_CHECKING:
    from fedfolder.questions.sums import Sums
    from fedfolder.server.channels import Idle
    from fedfolder.server.progress import Progress

__all__ = ["NO_ANSWER", "check_study"]


def check_study(
    study: Path | str, *, timeout: float | None = None, progress: Progress | None = None, idle: Idle | None = None
) -> Findings:
    """Ask every node of a study what differs from the dictionary, and keep the findings in the study's home.

    A check that was broken off is gone on with; one that has ended is made anew, for data are mended in between.

    Parameters
    ----------
    study : path
        The study's home.
    timeout : float, optional
        Seconds to wait for the nodes, 0 for ever; what study.toml says by default. When it is over, the findings tell
        who has not answered.

    Raises
    ------
    ConfigError
        If there is no dictionary, or it cannot be read.
    FedfolderError
        For an exchange out of reach, and so on.
    """
    opened = open_study(Path(study))
    dictionary = opened.require_dictionary()
    answers = ask_each(
        opened,
        lambda roster: Check(dictionary, roster),
        name="check",
        timeout=timeout,
        progress=progress,
        idle=idle,
    )
    found = Findings(dictionary, tuple(_site(node, answer) for node, answer in answers.of.items()))
    write_findings(opened.path / RUNS / f"check{answers.fit}", found)
    return found


def _site(node: str, answer: Sums | str) -> SiteFindings:
    return SiteFindings(node, state=answer) if isinstance(answer, str) else SiteFindings.of(node, answer)
