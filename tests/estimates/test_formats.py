from __future__ import annotations

import csv
import dataclasses
import io
import math
import re
import zipfile
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from fedfolder.errors import ConfigError, UnknownNameError
from fedfolder.estimates.docx import WORD, docx
from fedfolder.estimates.formats import FORMATS, cell_text, latex_escaped, legend, paper_rows
from fedfolder.estimates.sidebyside import CONTENTS, Options, side_by_side

CASES = {
    "lbw": (
        (("demo", "demo"), ("full", "published"), ("with_a_very_long_name", "interaction")),
        Options(
            contents=("b", "se"), stars=(0.05, 0.01, 0.001), statistics=("N", "ll", "r2_p", "aic", "bic"), decimals=3
        ),
    ),
    "or": (
        (("crude & co", "odds-ratios"), ("50%", "omitted-or"), ("separated", None)),
        Options(contents=("b", "ci", "p"), eform=True, level=90.0, statistics=("N",), decimals=2),
    ),
    "equations": (
        (("mlogit", "mlogit-labels"), ("nbreg", "nbreg"), ("ologit", "ologit")),
        Options(contents=("b", "se", "p"), stars=(0.05,), statistics=("ll", "k", "chi2_c"), decimals=4),
    ),
}


@pytest.fixture(params=list(CASES))
def case(request, fits, models, nothing):
    columns, options = CASES[request.param]
    found = fits | models | {None: nothing}
    return request.param, [(title, found[shape]) for title, shape in columns], options


@pytest.mark.parametrize("form", FORMATS)
def test_tables_are_the_golden_files(case, form, golden):
    name, columns, options = case
    golden(f"side-{name}.{form}.txt", FORMATS[form](side_by_side(columns, options)))


@pytest.mark.parametrize("form", FORMATS)
def test_every_fit_alone_can_be_printed_in_every_format(models, shape, form):
    shown = FORMATS[form](side_by_side([("fit", models[shape])], Options(contents=CONTENTS)))
    assert shown.endswith("\n")
    assert "nan" not in shown


def test_csv_holds_every_bit(models, shape):
    result = models[shape]
    options = Options(contents=CONTENTS, statistics=("N", "ll"))
    rows = {
        row["name"]: row for row in csv.DictReader(io.StringIO(FORMATS["csv"](side_by_side([("m", result)], options))))
    }
    table = result.coefficients()
    for i, name in enumerate(result.names):
        found = [float(rows[name][f"m {content}"]) for content in ("b", "se", "p", "lower", "upper")]
        assert found == [table.b[i], table.se[i], table.p[i], table.lower[i], table.upper[i]]
    assert rows["ll"]["m b"] == repr(result.llf)
    assert rows["N"]["m b"] == str(result.nobs)
    assert {name for name, row in rows.items() if row["m b"] == "(omitted)"} == set(result.omitted)


def test_stars_say_what_the_p_value_is_below(fits):
    result = fits["published"]
    grid = side_by_side([("m", result)], Options(stars=(0.1, 0.05, 0.01)))
    entries = {entry.row.label: entry for section in grid.sections for entry in section.entries}
    for name, p in result.pvalues.items():
        assert entries[name].lines[0].cells[0].stars == (p < 0.1) + (p < 0.05) + (p < 0.01)
        assert entries[name].lines[1].cells[0].stars == 0
    assert legend(grid.options)[1] == "* p<0.1; ** p<0.05; *** p<0.01"


def test_exponentiated_coefficients_are_and_their_p_values_stay(fits):
    result = fits["published"]
    plain, ratios = (
        side_by_side([("m", result)], Options(contents=("b", "p"), eform=eform)).sections[0].entries
        for eform in (False, True)
    )
    for one, other in zip(plain, ratios, strict=True):
        if one.lines:
            assert other.lines[0].cells[0].values[0] == pytest.approx(
                math.exp(one.lines[0].cells[0].values[0]), rel=1e-14
            )
            assert other.lines[1] == one.lines[1]


def test_statistics_are_those_of_each_fit(fits):
    columns = [("a", fits["demo"]), ("b", fits["regress"])]
    grid = side_by_side(columns, Options(statistics=("N", "ll", "ll_0", "aic", "bic", "k", "r2", "r2_p")))
    values = {entry.row.text: [cell.values for cell in entry.lines[0].cells] for entry in grid.statistics}
    ic = fits["demo"].estat_ic()
    assert values["aic"][0] == (ic.aic,)
    assert values["k"] == [(3.0,), (8.0,)]
    assert values["r2"] == [(), (fits["regress"].stats["r2"],)]
    assert values["r2_p"] == [(fits["demo"].stats["r2_p"],), ()]


def test_options_that_make_no_sense_are_refused(fits):
    for stars in ((0.01, 0.05), (1.5,), (0.1, 0.05, 0.01, 0.001), (0.05, 0.05), (math.nan,)):
        with pytest.raises(ConfigError, match="no levels"):
            Options(stars=stars)
    with pytest.raises(UnknownNameError):
        Options(contents=("beta",))
    with pytest.raises(UnknownNameError) as caught:
        side_by_side([("m", fits["demo"])], Options(statistics=("r2p",)))
    assert "r2_p" in caught.value.do


def test_words_with_signs_of_the_format_are_escaped(fits):
    labels = {"race": {"2": "50% & _more_ | {x}^2 ~ #1 $ \\ *", "3": "<b>"}}
    result = dataclasses.replace(fits["published"], labels=labels)
    grid = side_by_side([("a|b_c & d", result)])
    shown = FORMATS["markdown"](grid)
    rows = [line for line in shown.split("\n") if line.startswith("|")]
    assert all(len(re.findall(r"(?<!\\)\|", line)) == 3 for line in rows)
    assert r"\<b\>" in shown
    shown = FORMATS["latex"](grid)
    assert r"50\% \& \_more\_ \textbar{} \{x\}\textasciicircum{}2 \textasciitilde{} \#1 \$ \textbackslash{} *" in shown
    assert latex_escaped("a_b") == r"a\_b"
    body = [line for line in shown.split("\n") if line.endswith(r"\\") and "multicolumn" not in line]
    assert all(len(re.findall(r"(?<!\\)&", line)) == 1 for line in body)


def parsed(document):
    return ET.fromstring(document)  # noqa: S314 - our own words


def cells_of(document):
    root = parsed(document)
    space = {"w": WORD}
    return [
        ["".join(text.text or "" for text in cell.iterfind(".//w:t", space)) for cell in row.iterfind("w:tc", space)]
        for row in root.iterfind("./w:body/w:tbl/w:tr", space)
    ]


def test_a_word_document_holds_the_cells_of_the_table(case):
    _, columns, options = case
    grid = side_by_side(columns, options)
    written = docx(grid)
    assert docx(grid) == written
    with zipfile.ZipFile(io.BytesIO(written)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["[Content_Types].xml", "_rels/.rels", "word/document.xml"]
        parts = {name: archive.read(name) for name in archive.namelist()}
    types, relations = (parsed(parts[name]) for name in ("[Content_Types].xml", "_rels/.rels"))
    overrides = {part.get("PartName") for part in types if part.tag.endswith("Override")}
    assert overrides == {f"/{part.get('Target')}" for part in relations}
    rows = cells_of(parts["word/document.xml"])
    assert rows[0] == ["", *grid.names]
    assert rows[1:] == [[name, *cells] for _, name, cells in paper_rows(grid)]
    assert len({len(row) for row in rows}) == 1
    words = "".join(parsed(parts["word/document.xml"]).itertext())
    assert all(note in words for note in (*legend(options), *grid.notes))


def test_a_word_document_survives_signs_of_xml(fits):
    result = dataclasses.replace(fits["published"], labels={"race": {"2": 'a < b & "c"\x07', "3": "ø"}})
    with zipfile.ZipFile(io.BytesIO(docx(side_by_side([("<m>", result)])))) as archive:
        rows = cells_of(archive.read("word/document.xml"))
    assert rows[0] == ["", "<m>"]
    assert 'a < b & "c"' in [row[0] for row in rows]


def test_numbers_have_the_places_that_were_asked_for(fits):
    grid = side_by_side([("m", fits["published"])], Options(contents=("b", "p"), decimals=1, statistics=("N", "ll")))
    shown = FORMATS["text"](grid)
    assert "-100.7" in shown
    assert " 189\n" in shown
    entry = next(entry for entry in grid.sections[0].entries if entry.row.label == "age")
    assert [cell_text(line.cells[0], grid.options, 9, line.content) for line in entry.lines] == ["-0.0", "0.457"]


def test_value_labels_name_levels_and_equations(models):
    shown = FORMATS["text"](side_by_side([("m", models["mlogit-labels"]), ("c", models["logit-cluster"])]))
    assert "black        |" in shown
    assert "      other  |" in shown


def test_lines_of_text_end_without_spaces(case):
    _, columns, options = case
    assert all(line == line.rstrip() for line in FORMATS["text"](side_by_side(columns, options)).split("\n"))


def test_a_number_that_is_not_known_is_a_point(fits):
    result = dataclasses.replace(fits["demo"], cov=np.full((3, 3), np.nan))
    grid = side_by_side([("m", result)], Options(contents=("b", "se", "ci"), decimals=2))
    assert ". , ." not in FORMATS["text"](grid)
    assert "(.)" in FORMATS["markdown"](grid)
