"""`fedfolder stata`: bring the ado files to where Stata looks for them."""

from __future__ import annotations

from pathlib import Path

import click


@click.group(short_help="Install fedfolder's commands in Stata.")
def stata() -> None:
    """Install fedfolder's commands in Stata, or pack them for another computer."""


@stata.command(short_help="Copy the ado and help files to where Stata looks.")
@click.option(
    "--adopath",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="The folder to copy to (default: Stata's PERSONAL; `sysdir` in Stata shows it).",
)
def install(adopath: Path | None) -> None:
    """Copy the ado and help files to where Stata looks, in place of an older copy.

    Beside them it writes which Python this is. `fedfolder setup` in Stata then tells Stata to use it.

    \b
    Examples:
      fedfolder stata install
      fedfolder stata install --adopath "C:/ado/personal"
    """
    from fedfolder.adopath import default_folder
    from fedfolder.adopath import install as copy

    done = copy(adopath or default_folder())
    click.echo(f"{len(done.files)} files are in {done.folder}.")
    if done.removed:
        click.echo(f"Removed, for they belong to an older version: {', '.join(done.removed)}.")
    click.echo("Now open Stata, and type:\n    fedfolder setup\n    help fedfolder")
    click.echo(
        "If Stata does not know the command, compare the folder with PERSONAL, which `sysdir` shows there, and install "
        "again with --adopath."
    )


@stata.command("zip", short_help="Pack the ado and help files for `net install`.")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def pack(file: Path) -> None:
    """Pack the ado and help files into the zip FILE, for a computer without this program's folder.

    Python and fedfolder have to be on that computer, too.

    \b
    Example:
      fedfolder stata zip fedfolder-stata.zip
    """
    from fedfolder.adopath import write_zip

    write_zip(file)
    click.echo(f"Packed into {file}. Unpack it there, and type in Stata, with the folder's path:")
    click.echo('    net install fedfolder, from("C:/fedfolder-stata") replace')
