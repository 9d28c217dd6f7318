"""The command line: thin. Each command reads its arguments, calls what does the work, and shows what came of it."""

from __future__ import annotations

import sys

import click

from fedfolder.about import __version__
from fedfolder.cli import demo, fits, node, study
from fedfolder.errors import FedfolderError


class Failure(click.ClickException):
    """One of our errors, shown on standard error, with its class's exit code."""

    def __init__(self, error: FedfolderError) -> None:
        super().__init__(str(error))
        self.error = error

    @property
    def exit_code(self) -> int:  # type: ignore[override]
        """The code of the error's class; click ends with it."""
        return self.error.exit_code

    def format_message(self) -> str:
        """The error's own text; click puts "Error: " before it."""
        return self.message


class Commands(click.Group):
    """The group of all commands; turns our errors into exit codes."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the chosen command."""
        try:
            return super().invoke(ctx)
        except FedfolderError as error:
            raise Failure(error) from error


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="fedfolder")
def cli() -> None:
    """One regression over many registries, through a shared folder.

    No row of data leaves its site, no port is opened: the server and the nodes exchange small, signed, readable files.

    \b
    Try it:   fedfolder demo
    In docs:  README.md walks through a study by hand; docs/errors.md lists the exit codes.
    """


for command in (demo.demo, fits.run, fits.simulate, study.study, study.status, node.node):
    cli.add_command(command)


def main() -> None:
    """The entry point of the `fedfolder` script."""
    for stream in (sys.stdout, sys.stderr):
        # A console that cannot show a letter shows a question mark; it does not end a fit.
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")
    cli()
