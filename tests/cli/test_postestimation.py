"""What can be asked of a stored fit on the command line, and docs/results.md, which shows it."""

from __future__ import annotations

import csv
import json
import re
import shlex
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

import fedfolder as product
from fedfolder.estimates.record import FIELDS, FURTHER
from tests.cli.commands import fedfolder

if TYPE_CHECKING:
    from fedfolder.estimates import FitResult

ROOT = Path(__file__).resolve().parents[2]
LBW = ROOT / "examples" / "lbw" / "lbw.dta"
PAGE = (ROOT / "docs" / "results.md").read_text(encoding="utf-8")
LARGE = "logit low age lwt i.race smoke ptl ht ui"
SMALL = "logit low age lwt smoke ptl ht ui"


@pytest.fixture(scope="module")
def births() -> pd.DataFrame:
    return pd.read_stata(LBW, convert_categoricals=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, births: pd.DataFrame) -> Path:
    path = tmp_path_factory.mktemp("stored")
    for name, command in (("lbw", LARGE), ("small", SMALL), ("races", "mlogit race age smoke")):
        (path / f"{name}.json").write_text(product.pooled(command, births).to_json(), encoding="utf-8", newline="\n")
    shutil.copy(LBW, path / "lbw.dta")
    return path


@pytest.fixture
def here(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def fit(folder: Path) -> FitResult:
    return product.load(folder / "lbw.json")


def written(path: Path) -> pd.DataFrame:
    """A .csv with each number to its last bit."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    frame = pd.DataFrame({name: [row[name] for row in rows] for name in rows[0]})
    numbers = [name for name in frame if name != "who"]
    for name in numbers:
        frame[name] = [float(text) if text else np.nan for text in frame[name]]
    return frame


EXAMPLES = re.findall(r"```console\n\$ (fedfolder [^\n]*)\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize(("line", "shown"), EXAMPLES, ids=[line for line, _ in EXAMPLES])
@pytest.mark.usefixtures("here")
def test_each_example_of_the_page_prints_what_the_page_shows(line: str, shown: str) -> None:
    found = fedfolder(*shlex.split(line)[1:])
    assert found.exit_code == 0
    assert found.output.strip("\n") == shown.strip("\n")


def test_the_page_shows_every_command_and_every_field() -> None:
    shown = {" ".join(shlex.split(line)[1:3]) for line, _ in EXAMPLES}
    for words in (
        "test",
        "testparm",
        "lincom",
        "nlcom",
        "lrtest",
        "estat ic",
        "estat vce",
        "predict",
        "estimates table",
    ):
        assert any(line.startswith(words) for line in shown), words
    assert re.findall(r"^\| `(\w+)` \| ", PAGE.split("field by field")[1], re.MULTILINE) == [
        *FIELDS,
        *FURTHER,
        "splines",
        "averages",
        "baselines",
        "without",
    ]


def test_a_result_is_loaded_as_it_was_written(folder: Path, births: pd.DataFrame, tmp_path: Path) -> None:
    assert product.load(folder / "lbw.json") == product.pooled(LARGE, births)
    assert product.load(str(folder / "lbw.json")) == product.load(folder / "lbw.json")
    shutil.copy(folder / "lbw.json", tmp_path / "result.json")
    assert product.load(tmp_path) == product.load(folder / "lbw.json")


@pytest.mark.parametrize("content", [None, b"", b"\xff\xfe\x00", b"{}", b"not json", b"[]"])
@pytest.mark.parametrize("words", [("test", "age"), ("estat", "ic"), ("estimates", "show"), ("predict", "x.csv")])
def test_a_file_that_is_no_result_is_an_error(tmp_path: Path, content: bytes | None, words: tuple[str, ...]) -> None:
    path = tmp_path / "broken.json"
    if content is not None:
        path.write_bytes(content)
    verb = words[:1] if words[0] in {"test", "predict"} else words
    rest = words[len(verb) :] + (("--out", str(tmp_path / "o.csv")) if words[0] == "predict" else ())
    found = fedfolder(*verb, path, *rest)
    assert found.exit_code == 15
    assert "broken.json" in found.output
    assert "to do:" in found.output


@pytest.mark.usefixtures("here")
def test_words_need_no_quotes_and_a_minus_is_no_option(fit: FitResult) -> None:
    assert fedfolder("test", "lbw.json", "2.race", "3.race").output == str(fit.test("2.race 3.race"))
    assert fedfolder("test", "lbw.json", "-age", "=", "smoke").output == str(fit.test("-age = smoke"))
    assert fedfolder("lincom", "lbw.json", "-age + smoke, or").output == str(fit.lincom("-age + smoke, or"))
    assert fedfolder("nlcom", "lbw.json", "-_b[age]").output == str(fit.nlcom("-_b[age]"))
    assert fedfolder("testparm", "lbw.json", "smoke", "ptl", "--equal").output == str(
        fit.testparm("smoke ptl", equal=True)
    )
    races = product.load("races.json")
    assert fedfolder("testparm", "races.json", "smoke", "--equation", "3").output == str(
        races.testparm("smoke", equation="3")
    )
    assert fedfolder("estat", "vce", "lbw.json").output == str(fit.estat_vce())


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("test", "lbw.json", "foo"), 4),
        (("test", "lbw.json", "(age=0) (age=1)"), 14),
        (("test", "lbw.json", "age*smoke=1"), 3),
        (("lincom", "lbw.json", "age, level(5)"), 15),
        (("nlcom", "lbw.json", "ln(_b[age])"), 14),
        (("lrtest", "lbw.json", "lbw.json"), 14),
        (("lrtest", "lbw.json", "races.json"), 14),
        (("predict", "lbw.json", "lbw.dta", "--out", "x.txt"), 15),
        (("predict", "lbw.json", "lbw.dta", "--out", "lbw.dta"), 15),
        (("predict", "lbw.json", "lbw.dta", "--out", "x.csv", "--kind", "hazard"), 4),
        (("predict", "lbw.json", "lbw.dta", "--out", "x.csv", "--keep", "nothing"), 4),
        (("predict", "lbw.json", "none.dta", "--out", "x.csv"), 6),
        (("predict", "lbw.json", "lbw.dta", "--out", "no/such/x.csv"), 15),
        (("estimates", "table", "lbw.json", "--format", "docx"), 15),
        (("estimates", "table", "lbw.json", "--star", "five"), 15),
        (("estimates", "table", "lbw.json", "--star", ".01 .05"), 15),
        (("estimates", "table", "lbw.json", "--show", "beta"), 4),
        (("estimates", "table", "lbw.json", "--stats", "r3"), 4),
        (("estimates", "table", "lbw.json", "--names", "a,b"), 15),
        (("estimates", "table", "lbw.json", "--level", "0.95"), 15),
        (("estimates", "table", "lbw.json", "--out", "no/such/x.md"), 15),
        (("estimates", "show", "lbw.json", "--level", "3"), 15),
    ],
)
@pytest.mark.usefixtures("here")
def test_bad_input_has_its_exit_code(words: tuple[str, ...], code: int) -> None:
    found = fedfolder(*words)
    assert found.exit_code == code, found.output
    assert found.output.startswith("Error: ")


def test_a_site_predicts_for_its_own_rows(here: Path, fit: FitResult, births: pd.DataFrame) -> None:
    assert (
        fedfolder("predict", "lbw.json", "lbw.dta", "--out", "p.csv", "--keep", "id", "--keep", "race").exit_code == 0
    )
    found = written(here / "p.csv")
    assert list(found.columns) == ["id", "race", "pr"]
    assert found["id"].tolist() == births["id"].tolist()
    np.testing.assert_array_equal(found["pr"], fit.predict(births))
    text = (here / "p.csv").read_bytes()
    assert b"\r" not in text
    assert text.split(b"\n")[1].startswith(b"85,2,0.")
    assert fedfolder("predict", "lbw.json", "p.csv", "--out", "q.csv").exit_code == 4  # age is not in it


def test_predictions_go_to_stata_too(here: Path, fit: FitResult, births: pd.DataFrame) -> None:
    assert (
        fedfolder("predict", "lbw.json", "lbw.dta", "--out", "p.dta", "--kind", "stdp", "--keep", "id").exit_code == 0
    )
    found = pd.read_stata(here / "p.dta")
    np.testing.assert_array_equal(found["stdp"], fit.predict(births, "stdp"))
    assert found["id"].tolist() == births["id"].tolist()


def test_each_outcome_has_its_column(here: Path, births: pd.DataFrame) -> None:
    assert fedfolder("predict", "races.json", "lbw.dta", "--out", "r.csv").exit_code == 0
    found = written(here / "r.csv")
    pd.testing.assert_frame_equal(found, product.load("races.json").predict_all(births))


def test_text_levels_missing_values_and_unseen_levels(tmp_path: Path) -> None:
    generator = np.random.default_rng(5)
    frame = pd.DataFrame({"g": generator.choice(["a b", "ø", "c"], 90), "x": generator.normal(size=90)})
    frame["y"] = generator.integers(0, 2, 90)
    fit = product.pooled("logit y i.g x", frame)
    (tmp_path / "fit.json").write_text(fit.to_json(), encoding="utf-8")
    expected = fit.predict(frame)
    frame["who"] = [f"person {i}" for i in range(90)]
    frame.loc[3, "g"], frame.loc[4, "x"], frame.loc[5, "g"] = None, None, "new"
    frame.to_csv(tmp_path / "data.csv", index=False, encoding="utf-8")
    words = ("predict", tmp_path / "fit.json", tmp_path / "data.csv", "--out", tmp_path / "p.csv", "--keep", "who")
    refused = fedfolder(*words)
    assert refused.exit_code == 5
    assert "variable g" in refused.output
    assert "new" not in refused.output
    found = fedfolder(*words, "--unseen", "missing")
    assert "90 rows, 3 of them without a prediction" in found.output
    predicted = written(tmp_path / "p.csv")
    assert list(np.flatnonzero(predicted["pr"].isna())) == [3, 4, 5]
    np.testing.assert_array_equal(predicted["pr"].drop([3, 4, 5]), expected.drop([3, 4, 5]))
    assert predicted["who"].tolist() == frame["who"].tolist()


def test_a_model_without_variables_predicts_for_every_row(tmp_path: Path, births: pd.DataFrame) -> None:
    (tmp_path / "fit.json").write_text(product.pooled("logit low", births).to_json(), encoding="utf-8")
    found = fedfolder("predict", tmp_path / "fit.json", LBW, "--out", tmp_path / "p.csv")
    assert found.exit_code == 0
    assert len(pd.read_csv(tmp_path / "p.csv")) == len(births)


def test_exposure_can_be_left_out(tmp_path: Path, births: pd.DataFrame) -> None:
    fit = product.pooled("poisson ftv age smoke, exposure(lwt)", births)
    (tmp_path / "fit.json").write_text(fit.to_json(), encoding="utf-8")
    words = ("predict", tmp_path / "fit.json", LBW, "--out", tmp_path / "p.csv")
    assert fedfolder(*words, "--no-offset").exit_code == 0
    found = written(tmp_path / "p.csv")["n"]
    np.testing.assert_allclose(found * births["lwt"], fit.predict(births), rtol=1e-12)


def test_a_home_says_how_a_file_is_read(tmp_path: Path, births: pd.DataFrame) -> None:
    fit = product.pooled("logit low age smoke", births)
    (tmp_path / "fit.json").write_text(fit.to_json(), encoding="utf-8")
    own = births[["age", "smoke"]].rename(columns={"age": "alder"})
    own.to_csv(tmp_path / "own.csv", index=False, sep=";", decimal=",")
    share = tmp_path / "share" / "lbw" / "north"
    share.mkdir(parents=True)
    home = tmp_path / "home"
    assert fedfolder("node", "init", home, "--data", tmp_path / "own.csv", "--exchange", share).exit_code == 0
    settings = (home / "node.toml").read_text(encoding="utf-8")
    replaced = re.sub(r"^variables = .*?\]$", "", settings, flags=re.MULTILINE | re.DOTALL)
    replaced += '\n[variables]\nage = "alder"\nsmoke = "smoke"\n'
    (home / "node.toml").write_text(replaced, encoding="utf-8")
    words = ("predict", tmp_path / "fit.json", tmp_path / "own.csv", "--out", tmp_path / "p.csv")
    assert fedfolder(*words).exit_code == 4
    found = fedfolder(*words, "--node", home)
    assert found.exit_code == 0, found.output
    predicted = written(tmp_path / "p.csv")["pr"]
    np.testing.assert_array_equal(predicted, fit.predict(births))


@pytest.mark.parametrize(
    ("ending", "begins"), [("csv", "name,"), ("md", "|  | small |"), ("tex", "\\begin{tabular}"), ("txt", "---")]
)
def test_the_ending_says_the_format(here: Path, ending: str, begins: str) -> None:
    assert fedfolder("estimates", "table", "small.json", "lbw.json", "--out", f"t.{ending}").exit_code == 0
    assert (here / f"t.{ending}").read_text(encoding="utf-8").startswith(begins)


def test_options_of_the_table_arrive(here: Path, fit: FitResult) -> None:
    words = ("--show", "b,ci", "--eform", "--level", "90", "--stats", "N r2_p", "--names", "One,Two", "--format", "csv")
    found = fedfolder("estimates", "table", "small.json", "lbw.json", *words)
    rows = {row["name"]: row for row in csv.DictReader(found.output.splitlines())}
    table = fit.coefficients(90)
    i = fit.names.index("age")
    assert float(rows["age"]["Two b"]) == pytest.approx(np.exp(table.b[i]), rel=1e-14)
    assert float(rows["age"]["Two lower"]) == pytest.approx(np.exp(table.lower[i]), rel=1e-14)
    assert float(rows["r2_p"]["Two b"]) == fit.stats["r2_p"]
    assert "One se" not in rows["age"]
    assert fedfolder("estimates", "table", "lbw.json", "--out", here / "t.docx").exit_code == 0
    assert zipfile.is_zipfile(here / "t.docx")


def test_runs_are_named_by_their_folder(here: Path) -> None:
    for name in ("fit1", "fit2"):
        (here / "runs" / name).mkdir(parents=True, exist_ok=True)
        shutil.copy(here / "lbw.json", here / "runs" / name / "result.json")
    head = fedfolder("estimates", "table", "runs/fit1", "runs/fit2/result.json").output.splitlines()[1]
    assert head.split() == ["Variable", "|", "fit1", "fit2"]


@pytest.mark.usefixtures("here")
def test_a_fit_is_shown_again(fit: FitResult) -> None:
    assert fedfolder("estimates", "show", "lbw.json").output == f"{fit.command}\n\n{fit.summary()}"
    assert "[90% conf. interval]" in fedfolder("estimates", "show", "lbw.json", "--level", "90").output


def test_help_waits_for_no_science() -> None:
    code = "import sys, fedfolder.cli; print([m for m in ('numpy', 'pandas', 'scipy') if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_the_json_is_one_object_in_one_line(folder: Path) -> None:
    text = (folder / "lbw.json").read_text(encoding="utf-8")
    assert text.count("\n") == 1
    assert list(json.loads(text))[: len(FIELDS)] == list(FIELDS)
