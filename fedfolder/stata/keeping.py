"""Where the result of a fit is while Stata has it: in e() itself, and nowhere else.

So whatever Stata does to estimates (`estimates store`, `restore`, `save`, `use` on another day) brings the result
along, and `predict` and a replay need neither the study nor this Python. Coefficients and covariance are those of e(b)
and e(V), to the bit; the rest is JSON in a macro that `ereturn list` does not show.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fedfolder.errors import FitError
from fedfolder.estimates import FitResult
from fedfolder.stata.stripe import stripe

if TYPE_CHECKING:
    from fedfolder.stata.bridge import Stata

COMMAND = "fedfolder"
RECORD = "e(fedfolder_fit)"
_IN_STATA = ("coef", "se", "V")


@dataclass(slots=True)
class Pending:
    """A result on its way into e().

    Parameters
    ----------
    result : FitResult
        With numbers.
    cmdline : str
        The command as it was typed.
    study : str
        The study's home.
    """

    result: FitResult
    cmdline: str
    study: str


_pending: list[Pending] = []


def wait_for_post(pending: Pending) -> None:
    """Remember what is posted next."""
    _pending[:] = [pending]


def pending() -> Pending:
    """What is to be posted."""
    return _pending[0]


def record(result: FitResult) -> str:
    """The result without its numbers, as ASCII on one line, with nothing in it that Stata would expand."""
    fields = {name: value for name, value in result.to_dict().items() if name not in _IN_STATA}
    text = json.dumps(fields | {"places": stripe(result).places}, allow_nan=False)
    # Neither stands outside of a string.
    return text.replace("`", r"\u0060").replace("$", r"\u0024")


def posted(stata: Stata) -> FitResult:
    """The fit whose results e() holds.

    Raises
    ------
    FitError
        If it is none of ours.
    """
    text = stata.macro(RECORD)
    if not text:
        raise FitError("the last estimates are none of fedfolder's", do="fit a model, or restore one that was stored")
    fields: dict[str, Any] = json.loads(text)
    places = fields.pop("places")
    names, b = fields["names"], stata.matrix("e(b)")[0, places].tolist()
    variances = stata.matrix("e(V)")[places][:, places].tolist() if places else []
    numbers = {"coef": dict(zip(names, b, strict=True)), "se": dict.fromkeys(names), "V": variances}
    return FitResult.from_dict(fields | numbers)
