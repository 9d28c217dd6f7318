"""Write tests/lifelines/numbers.json anew: what lifelines says of the cases in tests/lifelines/cases.py.

Usage: `python scripts/lifelines_numbers.py`, in an environment with `pip install -e .[compare]`

It wants pandas below 3, so that it is not among what the tests install: these read the numbers.
"""

from __future__ import annotations

import importlib
import json
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.lifelines.cases import BREAKS, CASES, NUMBERS, PATTERN, TIMES  # noqa: E402 - found by the path above

if TYPE_CHECKING:
    from tests.lifelines.cases import Case

PRECISE = {"precision": 1e-13}
"""Of Newton's steps in its Cox model; the others are left to scipy's default."""


def main() -> None:
    """Fit each case."""
    lifelines = importlib.import_module("lifelines")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = {name: fitted(lifelines, case) for name, case in CASES.items()}
    text = json.dumps({"lifelines": lifelines.__version__, "cases": found}, indent=1)
    NUMBERS.write_text(text + "\n", encoding="utf-8", newline="\n")


def fitted(lifelines: Any, case: Case) -> dict[str, Any]:  # noqa: ANN401 - a package that is not installed with the tests
    """Coefficients, standard errors and log-likelihood; of Cox models, survival of a pattern."""
    cox, piecewise = case.fitter.startswith("Cox"), case.fitter.startswith("Piecewise")
    named = [case.options[key] for key in ("entry_col", "weights_col", "cluster_col") if key in case.options]
    columns = ["time", "status", *case.terms, *named, *case.options.get("strata", [])]
    fitter = getattr(lifelines, case.fitter)(**({"breakpoints": list(BREAKS)} if piecewise else {}))
    more = {"fit_options": PRECISE} if cox else {}
    fitter.fit(case.rows[columns], "time", "status", **case.options, **more)
    found = {"coef": _plain(fitter.params_), "se": _plain(fitter.standard_errors_), "ll": float(fitter.log_likelihood_)}
    if cox and "strata" not in case.options:
        import pandas as pd

        # Asked for at some times it draws lines between its steps: the steps themselves are what is compared.
        curve = fitter.predict_survival_function(pd.DataFrame([PATTERN])).iloc[:, 0]
        found["survival"] = [float(curve[curve.index <= time].iloc[-1]) for time in TIMES]
    return found


def _plain(numbers: Any) -> dict[str, float]:  # noqa: ANN401 - the same
    keys = (key if isinstance(key, str) else " ".join(key) for key in numbers.index)
    return dict(zip(keys, map(float, numbers), strict=True))


if __name__ == "__main__":
    main()
