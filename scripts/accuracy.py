"""Measure how exact every model is, and write docs/accuracy.md.

Usage: `python scripts/accuracy.py [--print]`

Each registered model is fitted to data made for it (tests/simulation/models.py), over several splits, at one place, and
in statsmodels; where R is installed, also in R. With `--print` the page is printed, not written.
"""

from __future__ import annotations

import argparse
import json
import math
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import setup_venv
from setup_venv import ROOT, TEST_LOCK, program, say

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from fedfolder.estimates import FitResult

    Array = NDArray[np.float64]

PAGE = ROOT / "docs" / "accuracy.md"
SMALLEST = -16
"""The power of ten that a difference is never printed below: rounding itself."""
IN_R = {
    "logit": 'binomial("logit")',
    "probit": 'binomial("probit")',
    "cloglog": 'binomial("cloglog")',
    "poisson": 'poisson("log")',
    "regress": 'gaussian("identity")',
    "glm family(poisson) link(log)": 'poisson("log")',
    "glm family(gamma) link(log)": 'Gamma("log")',
    "glm family(gamma) link(power -1)": 'Gamma("inverse")',
    "glm family(igaussian) link(power -2)": 'inverse.gaussian("1/mu^2")',
}
"""The models that R's glm has, each with its family."""
R_PROGRAM = """
frame <- read.csv("{file}")
fit <- glm(y ~ x + w + factor(g), data = frame, family = {family}, control = list(epsilon = 1e-15, maxit = 100))
b <- coef(fit)
cat(sprintf("%.17g", c(b[-1], b[1])), sep = "\\n")
"""


class Row(NamedTuple):
    """The largest differences of a model: coefficients in standard errors, standard errors relative, ll absolute."""

    name: str
    nobs: int
    rounds: int
    condition: float
    elsewhere: tuple[float, float, float]
    split: tuple[float, float, float]
    r: float = math.nan

    def cells(self) -> list[str]:
        """As the page has them."""
        kept = [f"`{self.name}`", f"{self.nobs}", f"{self.rounds}", f"{self.condition:.1f}"]
        kept += [decade(value) for value in (*self.elsewhere, *self.split)]
        return [*kept, decade(self.r)]


def decade(value: float) -> str:
    """The power of ten that a difference lies below."""
    if math.isnan(value):
        return "-"
    return f"1e{max(SMALLEST, math.floor(math.log10(value)) + 1) if value > 0 else SMALLEST}"


def differences(found: FitResult, beta: Array, se: Array, loglike: float) -> tuple[float, float, float]:
    """Of two fits: coefficients in standard errors, standard errors, log-likelihoods."""
    import numpy as np

    b = np.max(np.abs(found.beta - beta) / se)
    return float(b), float(np.max(np.abs(found.bse.to_numpy() / se - 1))), abs(found.llf - loglike)


def measured(name: str) -> Row:
    """One model."""
    import numpy as np

    from fedfolder import pooled, simulate
    from tests.simulation.elsewhere import elsewhere
    from tests.simulation.models import SPLITS, parts, problem

    given = problem(name)
    command, other = given.command(), elsewhere(given, given.frame)
    whole = pooled(command, given.frame)
    se = np.asarray(whole.bse.to_numpy(), dtype=np.float64)
    fits = [simulate(command, parts(given, how, seed)) for seed, how in enumerate(SPLITS)]
    split = np.max([differences(fit, whole.beta, se, whole.llf) for fit in fits], axis=0)
    beta = other.maximum(whole.beta + 0.05 * se)
    theirs = differences(
        fits[0], beta, np.asarray(np.sqrt(np.diag(other.cov(beta))), dtype=np.float64), other.loglike(beta)
    )
    r = from_r(name, given.frame, fits[0])
    return Row(name, whole.nobs, whole.rounds, whole.condition, theirs, (split[0], split[1], split[2]), r)


def from_r(name: str, frame: pd.DataFrame, found: FitResult) -> float:
    """The largest difference of a coefficient from R's, in standard errors; NaN without R, or where glm lacks it."""
    import numpy as np

    rscript = shutil.which("Rscript")
    if rscript is None or name not in IN_R:
        return math.nan
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "data.csv"
        frame.to_csv(file, index=False)
        text = R_PROGRAM.format(file=file.as_posix(), family=IN_R[name])
        done = subprocess.run([rscript, "--vanilla", "-e", text], capture_output=True, text=True, check=True)
    theirs = np.array([float(line) for line in done.stdout.split()])
    return float(np.max(np.abs(found.beta - theirs) / found.bse.to_numpy()))


def published() -> list[tuple[str, float, float, float]]:
    """The cases of tests/truth, whose numbers are from R 4.2.2: what the command is, and the largest differences."""
    import pandas as pd

    from fedfolder import simulate

    found = []
    folder = ROOT / "tests" / "truth"
    for case in json.loads((folder / "truth.json").read_text(encoding="utf-8")):
        if case["status"] != "converged":
            continue
        nodes = [pd.read_csv(folder / case["case"] / f"node{number}.csv") for number in (1, 2, 3)]
        fit, truth = simulate(case["command"], nodes), case["truth"]
        b = max(abs(fit.params[name] - value) / truth["se"][name] for name, value in truth["coef"].items())
        se = max(abs(fit.bse[name] / value - 1) for name, value in truth["se"].items())
        found.append((case["command"], b, se, abs(fit.llf - truth["ll"])))
    return found


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def page() -> str:
    """The whole page."""
    import statsmodels

    from fedfolder.likelihood import LIKELIHOODS

    head = ["model", "n", "rounds", "condition", "b", "se", "ll", "b split", "se split", "ll split", "b R"]
    main = table(head, (measured(name).cells() for name in LIKELIHOODS))
    stored = table(
        ["command", "b", "se", "ll"],
        ([f"`{command.replace('|', chr(92) + '|')}`", *map(decade, numbers)] for command, *numbers in published()),
    )
    r = (
        "R was installed where this page was made."
        if shutil.which("Rscript")
        else "R was not installed where this page was made, so that `b R` is empty."
    )
    return TEXT.format(main=main, stored=stored, r=r, statsmodels=statsmodels.__version__)


TEXT = """# Accuracy

Made by `python scripts/accuracy.py`; tests/docs/test_accuracy.py holds that it is up to date. Every number is the power
of ten that the largest difference lies below, 1e-16 where there is none. What is promised about these differences
stands in [statistics.md](statistics.md); tests/simulation/test_models.py holds it for every model, also with weights,
offsets, missing values, robust and cluster variances, and columns of wild scales.

## Every model, on data made for it

`b` is the largest difference of a coefficient from statsmodels {statsmodels}, in standard errors; `se` that of a
standard error, relative; `ll` that of the log-likelihood, absolute. `split` has the same between all rows at one place
and three splits: at random; nodes with three rows, without events, with the only rows of a level, with one value of a
column, and with no rows at all; sorted by the outcome. `b R` is the difference of a coefficient from R's `glm`.

{r}

statsmodels stands for its derivatives: its own fits stop at larger distances, so the maximum is found by Newton's
method from its scores and Hessian alone, from a start nearby. Those of `ologit`, `oprobit` and `clogit` are differences
of its log-likelihoods or scores, and less exact. It has no parametric survival models, and no quadrature for random
intercepts: formulas of books, with complex steps for derivatives, stand for it there. A fit here ends within 1e-8
standard errors of the maximum, which is the largest `b` to expect; most come nearer, since the last step squares the
distance. The condition is that of the scaled information at the estimate.

{main}
## Against R, stored

The cases of tests/truth, over three nodes. Their numbers are from R 4.2.2 at tight tolerance.

{stored}
## Against Stata, as printed

tests/truth/test_datasets.py fits what Stata has printed for public data, over three nodes: among them Doll and Hill's
doctors, the ships of McCullagh and Nelder, Spector's grades, ANES 1996, the RAND experiment, and `glm` and `regress`
with frequency, sampling and analytic weights, robust and clustered. Log-likelihoods agree in all digits that Stata
printed (12 to 16), coefficients and standard errors in 8 to 13, which is as near to the maximum as Stata stopped.
"""


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Measure how exact every model is, and write docs/accuracy.md.")
    parser.add_argument("--print", action="store_true", help="print the page, and write nothing")
    options = parser.parse_args()
    if Path(sys.prefix) != setup_venv.VENV:
        setup_venv.ensure(TEST_LOCK)
        words = [program("python"), str(Path(__file__).resolve()), *sys.argv[1:]]
        sys.exit(subprocess.run(words, check=False).returncode)
    sys.path.insert(0, str(ROOT))
    if options.print:
        say(page())
    else:
        PAGE.write_text(page(), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
