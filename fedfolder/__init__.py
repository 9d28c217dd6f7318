"""One regression over many registries, through a shared folder.

    import fedfolder

    fedfolder.simulate("logit low age smoke", frame, nodes=3)
    fedfolder.pooled("logit low age smoke", frame)
    fedfolder.run("logit low age smoke", study="lbw-server")
    fedfolder.load("lbw-server/runs/fit1")

Each returns a `FitResult`, with what Stata has after a fit: `test`, `testparm`, `lincom`, `nlcom`, `predict`,
`estat_ic`, `estat_vce`. `fedfolder.lrtest(a, b)` compares two.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fedfolder.about import __version__

if TYPE_CHECKING:
    from fedfolder.estimates import FitResult, lrtest
    from fedfolder.server.results import read_result as load
    from fedfolder.simulation import pooled, run, simulate

__all__ = ["FitResult", "__version__", "load", "lrtest", "pooled", "run", "simulate"]


def __dir__() -> list[str]:
    return sorted(__all__)


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever is asked for
    # numpy and what builds on it take longer to import than most commands take to run.
    if name in {"pooled", "run", "simulate"}:
        import fedfolder.simulation as module

        return getattr(module, name)
    if name == "load":
        from fedfolder.server.results import read_result

        return read_result
    if name in {"FitResult", "lrtest"}:
        from fedfolder import estimates

        return getattr(estimates, name)
    raise AttributeError(f"module 'fedfolder' has no attribute {name!r}")
