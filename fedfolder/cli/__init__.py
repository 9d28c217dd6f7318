"""The command line: thin. Each command reads its arguments, calls what does the work, and shows what came of it."""

from __future__ import annotations

import sys

import click

from fedfolder.about import __version__
from fedfolder.cli.on_demand import OnDemand
from fedfolder.errors import FedfolderError, unforeseen


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
    """The group of all commands; turns our errors, and those of the system, into exit codes."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the chosen command."""
        try:
            return super().invoke(ctx)
        except FedfolderError as error:
            raise Failure(error) from error
        except BrokenPipeError:
            raise  # whoever read our output has left; click ends quietly
        except OSError as error:
            raise Failure(_of_the_system(error)) from error
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise  # click's own ways to end
        except Exception as error:  # noqa: BLE001 - a traceback quotes what it was about, and that may be data
            raise Failure(unforeseen(error)) from None


def _of_the_system(error: OSError) -> FedfolderError:
    return FedfolderError(
        "a file or folder cannot be used",
        where=str(error.filename or ""),
        found=error.strerror or type(error).__name__,
        do="check that the disk is there and has room, and that you have the rights; nothing is lost: try again",
    )


MODULES = {
    "demo": "demo",
    "run": "fits",
    "simulate": "simulate",
    "check": "check",
    "synth": "check",
    "preflight": "preflight",
    "study": "study",
    "status": "status",
    "node": "node",
    "policy": "policy",
    "audit": "audit",
    "key": "key",
    "carry": "carry",
    "doctor": "carry",
    "stata": "stata",
    "test": "postestimation",
    "testparm": "postestimation",
    "lincom": "postestimation",
    "nlcom": "postestimation",
    "lrtest": "postestimation",
    "estat": "postestimation",
    "predict": "predict",
    "curve": "curve",
    "estimates": "tables",
}
"""Each command's module."""


@click.group(cls=Commands, commands=OnDemand(MODULES), context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="fedfolder")
def cli() -> None:
    """One regression over many registries, through a shared folder.

    No row of data leaves its site, no port is opened: the server and the nodes exchange small, signed, readable files.

    \b
    Try it:   fedfolder demo
    To read:  README.md (a study by hand), docs/errors.md (the exit codes)
    """


def main() -> None:
    """The entry point of the `fedfolder` script."""
    for stream in (sys.stdout, sys.stderr):
        # A console that cannot show a letter shows a question mark; it does not end a fit.
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")
    cli()
