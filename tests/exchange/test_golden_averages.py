"""The messages of the round of average survival, byte for byte but for digits that depend on a machine's exp and log.

`FEDFOLDER_OVERWRITE_GOLDEN=1` writes them anew; then say in the changelog why.
"""

from __future__ import annotations

import os
import re

import numpy as np
import pandas as pd
import pytest

from fedfolder.exchange import strict_json
from fedfolder.plan import messages
from tests.exchange.fixed_fit import GOLDEN
from tests.questions.asking import averaging

FOLDER = GOLDEN / "averages"
COMMAND = (
    "streg age i.stage [fw=n], distribution(weibull) time(t) failure(d) standsurv(1 2.5) at1(stage 2 age 60.5) at2(.)"
)
PLACES = np.arange(24)
FRAME = pd.DataFrame(
    {
        "age": 50.0 + PLACES * 7 % 23,
        "stage": 1 + PLACES % 2,
        "t": 0.25 + PLACES * 5 % 13 / 4,
        "d": PLACES % 3 > 0,
        "n": 1 + PLACES % 4 // 3,
    }
).astype(float)
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[-+]\d+)?")
NAMES = ("request.json", "request-beta.csv", "reply.json", "reply-standardised.csv")


@pytest.fixture(scope="module")
def made():
    """What a server asks of a node, and what it answers: by name, each file's bytes."""
    question, sample, _ = averaging(COMMAND, FRAME)
    parts = {
        "request": messages.request(question, None, None),
        "reply": messages.reply(question, question.compute(sample)),
    }
    found = {f"{name}.json": strict_json.pretty(dict(part.body)) for name, part in parts.items()}
    found |= {f"{name}-{label}": content for name, part in parts.items() for label, content in part.files.items()}
    if os.environ.get("FEDFOLDER_OVERWRITE_GOLDEN") == "1":
        FOLDER.mkdir(exist_ok=True)
        for name, content in found.items():
            (FOLDER / name).write_bytes(content)
    return found


def test_the_files_are_these(made):
    assert sorted(made) == sorted(NAMES) == sorted(path.name for path in FOLDER.iterdir())


@pytest.mark.parametrize("name", NAMES)
def test_only_digits_differ_and_little(made, name):
    ours, golden = made[name].decode(), (FOLDER / name).read_bytes().decode()
    if name.endswith(".json"):
        assert ours == golden
    assert NUMBER.sub("#", ours) == NUMBER.sub("#", golden)
    for one, other in zip(NUMBER.findall(ours), NUMBER.findall(golden), strict=True):
        assert float(one) == pytest.approx(float(other), rel=1e-9, abs=1e-9)


def test_an_answer_that_was_written_then_is_read_now():
    question, sample, _ = averaging(COMMAND, FRAME)
    body = strict_json.loads((FOLDER / "reply.json").read_bytes(), where="reply")
    assert isinstance(body, dict)
    content = messages.Content(body, {"standardised.csv": (FOLDER / "reply-standardised.csv").read_bytes()})
    read = messages.read_reply(question, content, where="n")
    np.testing.assert_allclose(list(read.rows.values()), list(question.compute(sample).rows.values()), rtol=1e-9)
    asked = strict_json.loads((FOLDER / "request.json").read_bytes(), where="request")
    assert isinstance(asked, dict)
    files = {"beta.csv": (FOLDER / "request-beta.csv").read_bytes()}
    question.as_asked(asked["question"], files)
