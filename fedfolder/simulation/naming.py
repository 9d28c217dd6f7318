"""Errors of one of several nodes in one process, with its name."""

from __future__ import annotations

from fedfolder.errors import FedfolderError


class naming:  # noqa: N801 - reads as a statement
    """Puts a node's name in front of an error from it."""

    def __init__(self, node: str) -> None:
        self._node = node

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, FedfolderError):
            error.where = f"{self._node}: {error.where}" if error.where else self._node
