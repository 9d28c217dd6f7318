"""One regression over many registries, through a shared folder.

    import fedfolder

    fedfolder.simulate("logit low age smoke", frame, nodes=3)
    fedfolder.pooled("logit low age smoke", frame)
    fedfolder.run("logit low age smoke", study="S:/lbw-server")

Each returns a `FitResult`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fedfolder.about import __version__

if TYPE_CHECKING:
    from fedfolder.estimates import FitResult
    from fedfolder.simulation import pooled, run, simulate

__all__ = ["FitResult", "__version__", "pooled", "run", "simulate"]


def __dir__() -> list[str]:
    return sorted(__all__)


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever is asked for
    # numpy and what builds on it take longer to import than most commands take to run.
    if name in {"pooled", "run", "simulate"}:
        import fedfolder.simulation as module

        return getattr(module, name)
    if name == "FitResult":
        from fedfolder.estimates import FitResult

        return FitResult
    raise AttributeError(f"module 'fedfolder' has no attribute {name!r}")
