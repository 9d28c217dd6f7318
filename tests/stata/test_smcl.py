"""Help files as text: what each directive does, and that all of our files can be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.stata.checker.markup import DIRECTIVES, Directive
from tests.stata.smcl import WIDTH, inline, rendered

ADO = Path(__file__).resolve().parents[2] / "fedfolder" / "stata" / "ado"
GOLDEN = Path(__file__).parent / "golden"
HELP = sorted(ADO.glob("*.sthlp"))
LONG = "word " * 29

SHOWN = {
    "a line as it is": ("  a   b", "  a   b"),
    "no line for what is not shown": ("{smcl}\n{* a comment}{...}\n{marker x}{...}\na", "a"),
    "lines joined": ("a{...}\nb", "ab"),
    "a paragraph": ("{pstd}\na   b\nc{p_end}\nd", "    a b c\nd"),
    "a paragraph that an empty line ends": ("{pstd}a\n\nb", "    a\n\nb"),
    "a paragraph that another one ends": ("{pstd}a\n{phang2}b", "    a\n        b"),
    "measures of one's own": ("{p 2 6 70}one two three{p_end}", "  one two\n      three"),
    "hanging": (f"{{phang}}{LONG}{{p_end}}", "    " + "word " * 14 + "word\n        " + ("word " * 14).strip()),
    "a line broken in a paragraph": ("{phang}a{break}b{p_end}", "    a\n        b"),
    "words that stay together": ("{p 0 0 74}a {bind:b c d}{p_end}", "a\nb c d"),
    "fonts": ("{cmd:a} {it:b} {bf:c} {res:d} {txt:e} {ul:f} {hi:g}", "a b c d e f g"),
    "fonts in fonts": ("{cmd:a {it:b}}", "a b"),
    "an option": (
        "{opt l:evel(#)} {opth off:set(varname)} {opt or} {cmdab:reg:ress}",
        "level(#) offset(varname) or regress",
    ),
    "braces": ("{c -(}a{c )-} {c |}", "{a} |"),
    "links": ('{help a##b:text} {helpb a} {browse "u":v} {stata "x y"} {manhelp ml R}', "text a v x y [R] ml"),
    "a rule": ("a{hline 3}b", "a---b"),
    "a rule to the end": ("ab{hline}", "ab" + "-" * (WIDTH - 2)),
    "blanks, and a column": ("a{space 2}b{col 9}c", "a  b    c"),
    "words of syntax": ("{depvar} [{indepvars}] {ifin}", "depvar [indepvars] [if] [in]"),
    "a title": ("{title:A title}", "A title"),
    "a tab": ("{dlgtab:Main}", "        +------+\n    ----+ Main +" + "-" * (WIDTH - 18)),
    "two columns": ("{p2colset 5 12 14 2}{...}\n{p2col:ab}text{p_end}\n{p2colreset}{...}", "    ab     text"),
    "columns of its own": ("{p2col 3 8 10 2: ab}text{p_end}", "  ab   text"),
    "a row that is too long": (
        "{p2colset 5 8 10 2}{...}\n{p2col:abcdef}text{p_end}\n{p2colreset}{...}",
        "    abcdef\n       text",
    ),
    "a table of options": (
        "{synoptset 8 tabbed}{...}\n{synopthdr}\n{synoptline}\n{syntab:Model}\n{synopt:{opt ab:c}}text{p_end}",
        "    options     Description\n    " + "-" * (WIDTH - 6) + "\n    Model\n      abc       text",
    ),
    "many empty lines": ("a\n\n\n\n\n\nb", "a\n\n\nb"),
}


@pytest.mark.parametrize("name", SHOWN)
def test_a_directive_does_what_the_manual_says(name):
    text, shown = SHOWN[name]
    assert rendered(text) == shown + "\n"


@pytest.mark.parametrize("path", HELP, ids=lambda path: path.stem)
def test_a_help_file_can_be_read(path):
    text = rendered(path.read_text(encoding="ascii"))
    lines = text.split("\n")
    assert [line for line in lines if len(line) > WIDTH] == []
    assert lines[0] == "Title"
    assert lines[2].startswith(f"    {path.stem.replace('_', ' ')} -- ") or path.stem in {
        "fedfolder_estimation",
        "fedfolder_d2",
    }
    assert [
        line for line in lines if "{" in line and "{run|once|pending}" not in line and "{approve|reject" not in line
    ] == []


@pytest.mark.parametrize("name", ["fedfolder", "fedfolder_logit"])
def test_a_help_file_reads_like_this(name):
    golden = (GOLDEN / f"{name}.txt").read_bytes()
    assert rendered((ADO / f"{name}.sthlp").read_text(encoding="ascii")).encode() == golden


def test_a_directive_that_the_renderer_does_not_know_is_not_passed_over():
    with pytest.raises(ValueError, match="nosuch"):
        inline(Directive("nosuch"))


def test_what_the_checker_allows_and_our_files_use_can_be_rendered():
    used = {name for path in HELP for name in DIRECTIVES if f"{{{name}" in path.read_text(encoding="ascii")}
    assert {"synopt", "phang2", "p2col", "title", "c"} <= used
