"""Commands whose modules are imported when they are called: of thirty, one run needs one."""

from __future__ import annotations

from collections.abc import MutableMapping
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import click


class OnDemand(MutableMapping[str, "click.Command"]):
    """The commands of a group by name, as click keeps them.

    Parameters
    ----------
    modules : mapping of str to str
        The name of a command to its module in fedfolder.cli, where it has the same name.
    """

    def __init__(self, modules: Mapping[str, str]) -> None:
        self._modules = modules
        self._made: dict[str, click.Command] = {}

    def __getitem__(self, name: str) -> click.Command:
        if name not in self._made:
            self._made[name] = getattr(import_module(f"fedfolder.cli.{self._modules[name]}"), name)
        return self._made[name]

    def __setitem__(self, name: str, command: click.Command) -> None:
        self._made[name] = command

    def __delitem__(self, name: str) -> None:
        del self._made[name]

    def __iter__(self) -> Iterator[str]:
        # Those of the group's own module first; which have been called changes nothing.
        own = [name for name in self._made if name not in self._modules]
        return iter([*own, *self._modules])

    def __len__(self) -> int:
        return len({*self._modules, *self._made})
