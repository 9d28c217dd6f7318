"""`fedfolder predict`: a site applies a stored fit to its own file, where the file lies."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fedfolder.cli.beside import TABLE, tables_of
from fedfolder.cli.postestimation import STORED, stored
from fedfolder.cli.saving import writing

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pandas as pd

    from fedfolder.node.data import Frame
    from fedfolder.node.reading import Reading
    from fedfolder.node.tables import TableFile

FILE = click.Path(path_type=Path)
OUT = click.Path(path_type=Path, dir_okay=False)
LONGEST_NAME = 32


@click.command(short_help="Predict for each row of a data file.")
@click.argument("result", type=STORED)
@click.argument("file", type=FILE)
@click.option("--out", type=OUT, required=True, metavar="FILE", help="The .csv or .dta to write.")
@click.option("--kind", metavar="WORD", help="What to predict: pr, n, mu, ir, xb, stdp... (default: Stata's choice).")
@click.option(
    "--keep", multiple=True, metavar="VAR", help="Copy this variable beside the predictions; repeat for more."
)
@click.option(
    "--unseen",
    type=click.Choice(["error", "missing"]),
    default="error",
    show_default=True,
    help="What to do with a level that the fit has not seen.",
)
@click.option("--no-offset", is_flag=True, help="Leave offset and exposure out.")
@click.option("--node", type=FILE, metavar="DIR", help="Read FILE as the node.toml in this home says.")
@click.option("--table", "tables", multiple=True, metavar=TABLE, help="A table that the fit merged; repeat for more.")
def predict(
    result: Path,
    file: Path,
    out: Path,
    kind: str | None,
    keep: tuple[str, ...],
    unseen: str,
    no_offset: bool,
    node: Path | None,
    tables: tuple[str, ...],
) -> None:
    """Apply the coefficients in RESULT to the rows of FILE; nothing leaves this computer.

    One row is written for each row of FILE, in its order: the variables that --keep names, then the predictions. A
    model of several outcomes has a column for each, such as pr_2. What FILE lacks and the fit made by stset or merge is
    made again; what stsplit made has to be in FILE.

    \b
    kinds:  pr  probability (of each outcome)     xb    linear predictor
            n   number of events                  stdp  its standard error
            ir  rate, without exposure            mu    mean
            pc1 pu0  after clogit
            median hr surv hazard  after streg; hr after stcox
            surv hazard cumhazard hr  after stpm2

    \b
    Examples:
      fedfolder predict lbw.json births.dta --out risk.csv --keep id
      fedfolder predict lbw.json births.csv --out xb.dta --kind xb
      fedfolder predict excess.json cases.csv --out n.csv --table popmort=popmort.dta
    """
    import pandas as pd

    from fedfolder.cli.progress import told
    from fedfolder.errors import ConfigError
    from fedfolder.estimates.prediction import variables
    from fedfolder.node.again import read_again
    from fedfolder.node.sources import opened

    if out.suffix.lower() not in {".csv", ".dta"}:
        raise ConfigError(
            "predictions cannot be written to a file of this kind",
            where=str(out),
            found=out.suffix or "no suffix",
            expected=".csv or .dta",
        )
    if out.exists() and file.exists() and out.samefile(file):
        raise ConfigError("predictions would overwrite the data", where=str(out), do="name another file")
    fit = stored(result)
    reading, beside = _reading(node)
    beside = {**beside, **tables_of(tables)}
    made, places, kept = read_again(opened(file, reading, told(file)), fit, variables(fit, kind), beside, keep)
    found = fit.predict_all(_frame(made), kind, unseen=unseen, offset=not no_offset)
    found.index = pd.Index(places)
    found = found.reindex(range(kept.nrows))
    _write(kept, keep, found, out)
    missing = int(found.isna().any(axis=1).sum())
    click.echo(
        f"{len(found):,} rows, {missing:,} of them without a prediction: {', '.join(_names(found.columns))} in {out}"
    )


def _reading(node: Path | None) -> tuple[Reading | None, Mapping[str, TableFile]]:
    """How a home reads its data, and its tables."""
    if node is None:
        return None, {}
    from fedfolder.node.home import open_home

    home = open_home(node)
    return home.reading, home.tables


def _frame(data: Frame) -> pd.DataFrame:
    """The columns as pandas has them, text as categories."""
    import pandas as pd

    from fedfolder.node.readers import TextColumn

    return pd.DataFrame(
        {
            name: pd.Categorical.from_codes(column.codes, categories=pd.Index(list(column.levels)))
            if isinstance(column, TextColumn)
            else column.astype("float64")
            for name, column in data.columns.items()
        },
        index=pd.RangeIndex(data.nrows),
    )


def _names(columns: Iterable[object]) -> list[str]:
    """Names that Stata takes, each once: a level may be any text."""
    found: list[str] = []
    for column in columns:
        name = re.sub(r"\W", "_", str(column), flags=re.ASCII)[:LONGEST_NAME]
        number = 2
        while name in found:
            end = f"_{number}"
            name, number = name[: LONGEST_NAME - len(end)].removesuffix(f"_{number - 1}") + end, number + 1
        found.append(name)
    return found


def _write(data: Frame, keep: tuple[str, ...], found: pd.DataFrame, out: Path) -> None:
    """Write kept variables and predictions.

    Raises
    ------
    ConfigError
        A kept variable has the name of a prediction, or the file cannot be written.
    """
    from fedfolder.errors import ConfigError
    from fedfolder.node.data import Frame, write_dta

    predicted = {name: found.iloc[:, j].to_numpy() for j, name in enumerate(_names(found.columns))}
    for name in keep:
        if name in predicted:
            raise ConfigError(
                "a variable has the name of the prediction", where=f"variable {name}", do="do not keep it"
            )
    table = Frame(data.source, data.nrows, {name: data.columns[name] for name in dict.fromkeys(keep)} | predicted)
    with writing(out, "the predictions"):
        if out.suffix.lower() == ".dta":
            write_dta(table, out)
        else:
            _whole(_frame(table)).to_csv(out, index=False, lineterminator="\n", encoding="utf-8")


def _whole(frame: pd.DataFrame) -> pd.DataFrame:
    """Columns of whole numbers as such: an identifier is 17, not 17.0."""
    import numpy as np

    for name in frame.columns:
        values = frame[name]
        if values.dtype.kind == "f" and np.isfinite(values.dropna()).all() and (values.dropna() % 1 == 0).all():
            frame[name] = values.astype("Int64")
    return frame
