"""The checker of ado, Mata, help and package files finds what is wrong, and nothing in what is right."""

from __future__ import annotations

import pytest

from tests.stata.checker.ado import Ado, do_file
from tests.stata.checker.findings import bytes_of
from tests.stata.checker.help import REQUIRED, Help, linked
from tests.stata.checker.markup import DIRECTIVES
from tests.stata.checker.mata import mata
from tests.stata.checker.package import contents, package
from tests.stata.checker.tree import check

GOOD_ADO = """*! fedfolder: a good one
program _fedfolder_good, rclass
    version 16
    args todo b
    syntax [anything] [if] [in] [, Level(cilevel) N(integer 3) noHEADer PYTHON(string) *]
    gettoken word rest : 0, parse(" ,")
    local text `"a "quoted" `word'"'
    if "`word'" == "it's" & inlist(`n', 1, 2) {
        display as text `"{stata fedfolder doctor} for `text'"' // {cmd:
    }
    else if `n' > 3 exit 198
    else {
        * an unclosed " and { in a comment
        foreach x in a "b c" {
            capture confirm file `"`x'"'
        }
    }
    /* and `so on
       over lines */
    local long = "a" + ///
        "b"
    capture python: _fedfolder.line('it')
    mata: st_local("x", "y")
    quietly {
        display ""
    }
end
"""

GOOD_HELP = (
    "{smcl}\n"
    + "".join(f"{{marker {name}}}{{...}}\n" for name in REQUIRED)
    + '{viewerjumpto "Syntax" "good##syntax"}{...}\n'
    "{title:Title}\n\n{p2colset 5 20 22 2}{...}\n{p2col:{cmd:good} {hline 2}}A good one{p_end}\n{p2colreset}{...}\n"
    "{synoptset 20 tabbed}{...}\n{synopthdr}\n{synoptline}\n{syntab:Model}\n"
    "{synopt:{opt l:evel(#)}}a level{p_end}\n{synoptline}\n{p2colreset}{...}\n"
    '{pstd}\nText, {it:x}, {help logit:that} and {browse "https://a.b":this} {c -(}x{c )-}.{p_end}\n'
)

GOOD_MATA = """real scalar f(real matrix X, string scalar s)
{
    // a comment with ( and "
    /* and { one
       more */
    return(X' * X[1, .]' + (s == "a)b" ? 1 : 2))
}
"""

GOOD_PKG = "v 3\nd a title\nd\nf ado/a.ado\nF ado/b.mata\n"
THERE = {"ado/a.ado", "ado/b.mata"}


def rules(findings):
    """Return the rules that were broken."""
    return {finding.rule for finding in findings}


def test_a_good_ado_file_is_good():
    assert Ado("_fedfolder_good.ado", GOOD_ADO).findings == []


BAD_ADO = {
    "a string is not closed": ("quotes", '    local x "a\n'),
    "a compound string is not closed": ("quotes", '    local x `"a"\n'),
    "a macro is not closed": ("quotes", "    local x `word\n"),
    "a macro in a string is not closed": ("quotes", '    local x "`word"\n'),
    "a macro lost its left quote": ("quotes", '    local x "word\'"\n'),
    "a macro in code lost its left quote": ("quotes", "    local x word'\n"),
    "a quote is lost in a compound string": ("quotes", '    local x `"a "b c"\'\n'),
    "a macro with half a parenthesis": ("quotes", "    local x `r(fn'\n"),
    "a left quote that begins nothing": ("quotes", "    local x `*'\n"),
    "a backslash before a macro": ("quotes", '    local x "a\\`word\'"\n'),
    "a parenthesis is not closed": ("parentheses", '    if inlist("a", "b" exit\n'),
    "a parenthesis closes nothing": ("parentheses", "    local x = 1)\n"),
    "a bracket is not closed": ("parentheses", "    local x = a[1\n"),
    "brackets cross": ("parentheses", "    local x = (a[1)]\n"),
    "a brace is not closed": ("braces", "    if 1 {\n        exit\n"),
    "a brace closes nothing": ("braces", "    }\n"),
    "a brace with code behind it": ("braces", "    if 1 { exit\n    }\n"),
    "else behind a brace": ("braces", "    if 1 {\n    } else {\n    }\n"),
    "else without an if": ("braces", "    else exit\n"),
    "foreach without its brace": ("braces", "    foreach x in a\n"),
    "what opens no block": ("braces", "    display {\n    }\n"),
    "a comment is not closed": ("comments", "    /* begun\n"),
    "no such command": ("command", "    dipslay 1\n"),
    "an abbreviation": ("command", "    di 1\n"),
    "no such command after if": ("command", "    if `rc' eixt `rc'\n"),
    "no such command after else if": ("command", "    if 1 {\n    }\n    else if `rc' eixt `rc'\n"),
    "a block of Python": ("python", "    python:\n"),
    "what is no Python": ("python", "    python: f((\n"),
    "a macro in Python": ("python-macro", '    python: f("`0\'")\n'),
    "a global macro in Python": ("python-macro", "    python: f('$x')\n"),
    "Mata that does not balance": ("mata", "    mata: f(\n"),
    "a macro in Mata": ("mata", "    mata: f(`x')\n"),
    "a macro in a string of Mata that lost a quote": ("mata", '    mata: f("x\'")\n'),
    "a block of Mata without its end": ("mata-end", "    mata:\n    f()\n"),
    "args without names": ("args", "    args\n"),
    "a name that is too long": ("args", f"    args {'a' * 32}\n"),
    "a macro with an impossible name": ("local", '    local a-b "c"\n'),
    "gettoken without its colon": ("gettoken", "    gettoken a b 0\n"),
    "confirm without what": ("confirm", "    confirm fiel x\n"),
    "foreach without in": ("foreach", "    foreach x a b {\n    }\n"),
    "syntax that is not closed": ("syntax", "    syntax [, a(string)\n"),
    "an option of no kind": ("syntax", "    syntax [, a(strng)]\n"),
    "a number without a default": ("syntax", "    syntax [, a(integer)]\n"),
    "what syntax does not know": ("syntax", "    syntax varlsit\n"),
    "SMCL that does not balance": ("smcl-braces", '    display "{cmd:a"\n'),
    "a directive that there is not": ("directive", '    display "{cdm:a}"\n'),
}


@pytest.mark.parametrize("name", BAD_ADO)
def test_what_is_wrong_in_a_program_is_found(name):
    rule, lines = BAD_ADO[name]
    text = GOOD_ADO.replace("end\n", f"{lines}end\n") if "mata:\n" not in lines else GOOD_ADO + lines
    assert rule in rules(Ado("_fedfolder_good.ado", text).findings)


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ("first-line", GOOD_ADO.replace("*! fedfolder", "* fedfolder")),
        ("program-name", GOOD_ADO.replace("_good", "_bad")),
        ("program-name", GOOD_ADO.replace("rclass", "class")),
        ("program-name", "*! fedfolder: nothing\n"),
        ("program-end", GOOD_ADO.replace("end\n", "")),
        ("program-end", GOOD_ADO + "end\n"),
        ("program-end", GOOD_ADO.replace("end\n", "") + GOOD_ADO),
        ("version", GOOD_ADO.replace("    version 16\n", "")),
        ("version", GOOD_ADO.replace("version 16", "version 17")),
        ("outside", GOOD_ADO + "display 1\n"),
        ("version", GOOD_ADO + "mata:\nx = 1\nend\n"),
    ],
)
def test_what_is_wrong_with_the_frame_of_a_program_is_found(rule, text):
    assert rule in rules(Ado("_fedfolder_good.ado", text).findings)


GOOD_DO = """* a do-file
version 17
capture program drop p
program p
    display "it's"
end
foreach x in a b {
    quietly p
}
python: f('x')
mata:
x = (1, 2)'
end
"""


def test_a_good_do_file_is_good():
    assert list(do_file("a.do", GOOD_DO)) == []


@pytest.mark.parametrize("lost", ["end\nforeach", " {", "\n}", '"', "'x", "2)", "end\n"])
def test_what_a_do_file_lost_is_found(lost):
    at = GOOD_DO.rindex(lost)
    text = GOOD_DO[:at] + lost[lost.find("foreach") :] * ("foreach" in lost) + GOOD_DO[at + len(lost) :]
    assert list(do_file("a.do", text))


@pytest.mark.parametrize(
    ("rule", "content"),
    [
        ("line-ends", b"a\r\n"),
        ("line-ends", b"a"),
        ("tabs", b"\ta\n"),
        ("ascii", "ä\n".encode()),
        ("long-line", b"a" * 245 + b"\n"),
        ("blanks", b"a \n"),
    ],
)
def test_bytes_that_stata_or_git_would_stumble_over_are_found(rule, content):
    assert rules(bytes_of("a.ado", content)) == {rule}
    assert list(bytes_of("a.ado", b"a" * 244 + b"\n\nb\n")) == []


def test_mata_may_follow_a_program():
    block = f"\nversion 16\nmata:\n{GOOD_MATA}end\n"
    assert Ado("_fedfolder_good.ado", GOOD_ADO + block).findings == []


def test_good_mata_is_good():
    assert list(mata("a.mata", 1, GOOD_MATA)) == []


@pytest.mark.parametrize("lost", ["\n{", "(", '"', "[", ")", "}", "]", "*/"])
def test_mata_that_lost_a_bracket_or_a_quote_is_found(lost):
    at = GOOD_MATA.rindex(lost)
    assert list(mata("a.mata", 1, GOOD_MATA[:at] + GOOD_MATA[at + len(lost) :]))


def test_a_good_help_file_is_good():
    page = Help("good.sthlp", GOOD_HELP)
    assert page.findings == []
    assert list(linked(page, {"good": ["syntax"]})) == []


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ("first-line", GOOD_HELP.removeprefix("{smcl}\n")),
        ("smcl-braces", GOOD_HELP + "{it:a\n"),
        ("smcl-braces", GOOD_HELP + "a}\n"),
        ("smcl-braces", GOOD_HELP + "{ a}\n"),
        ("smcl-braces", GOOD_HELP + '{stata "a}\n'),
        ("smcl-braces", GOOD_HELP + "{help {it:a}}\n"),
        ("directive", GOOD_HELP + "{itt:a}\n"),
        ("directive", GOOD_HELP + "{p 4 b}a{p_end}\n"),
        ("tables", GOOD_HELP + "{synopt:a}b{p_end}\n"),
        ("tables", GOOD_HELP + "{p2col:a}b{p_end}\n"),
        ("tables", GOOD_HELP + "{synoptset}\n"),
        ("tables", GOOD_HELP + "{p2colset 1 2 3 4}\n"),
        ("tables", GOOD_HELP + "{p2colset 1 2 3 4}{p2col:a}b\n\n{p2colreset}\n"),
        ("sections", GOOD_HELP.replace("{marker examples}", "")),
    ],
)
def test_what_is_wrong_in_a_help_file_is_found(rule, text):
    assert rule in rules(Help("good.sthlp", text).findings)


@pytest.mark.parametrize(
    "link", ["{help nosuch}", "{helpb good##nosuch}", "{manhelp nosuch R}", '{vieweralsosee "a" "help nosuch"}']
)
def test_a_link_that_leads_nowhere_is_found(link):
    page = Help("good.sthlp", GOOD_HELP + link + "\n")
    assert rules(linked(page, {"good": ["syntax"]})) == {"links"}


def test_every_directive_has_its_place_in_the_manual():
    assert all(where.startswith("[") for where in DIRECTIVES.values())


def test_a_good_package_is_good():
    assert list(package("a.pkg", GOOD_PKG, THERE)) == []
    assert list(contents("stata.toc", "v 3\nd text\np a A title\n", ["a"])) == []


@pytest.mark.parametrize(
    ("text", "there"),
    [
        (GOOD_PKG.removeprefix("v 3\n"), THERE),
        ("v 3\nf ado/a.ado\nF ado/b.mata\n", THERE),
        (GOOD_PKG, THERE | {"ado/c.sthlp"}),
        (GOOD_PKG, {"ado/a.ado"}),
        (GOOD_PKG + "f ado/a.ado\n", THERE),
        (GOOD_PKG.replace("F ", "f "), THERE),
        (GOOD_PKG + "x y\n", THERE),
    ],
)
def test_what_is_wrong_in_a_package_is_found(text, there):
    assert rules(package("a.pkg", text, there)) == {"pkg"}


@pytest.mark.parametrize("text", ["", "v 2\np a A\n", "v 3\n", "v 3\np b B\n", "v 3\np a A\nq\n", "v 3\np a\n"])
def test_what_is_wrong_in_a_table_of_contents_is_found(text):
    assert rules(contents("stata.toc", text, ["a"])) == {"toc"}


@pytest.fixture
def tree(tmp_path):
    """Return a folder in which all is well."""
    (tmp_path / "ado").mkdir()
    (tmp_path / "ado.py").write_text("line = entry(_line)\n", encoding="utf-8")
    (tmp_path / "ado" / "_fedfolder_good.ado").write_text(GOOD_ADO, encoding="ascii", newline="\n")
    (tmp_path / "ado" / "good.sthlp").write_text(GOOD_HELP, encoding="ascii", newline="\n")
    pkg = "v 3\nd a title\nf ado/_fedfolder_good.ado\nf ado/good.sthlp\n"
    (tmp_path / "good.pkg").write_text(pkg, encoding="ascii", newline="\n")
    (tmp_path / "stata.toc").write_text("v 3\np good Good\n", encoding="ascii", newline="\n")
    return tmp_path


def test_a_good_tree_is_good(tree):
    assert check(tree) == []


@pytest.mark.parametrize(
    ("rule", "file", "old", "new"),
    [
        ("entries", "ado.py", "line", "other"),
        ("entries", "ado.py", "line = entry(_line)", "line = entry(_line)\nunused = entry(_unused)"),
        ("entries", "ado/_fedfolder_good.ado", "_fedfolder.line(", "_fedfolder.lime("),
        ("programs", "ado/_fedfolder_good.ado", "        display", "        _fedfolder_none\n        display"),
        ("programs", "ado/_fedfolder_good.ado", "        display", "        _fedfolder_no`x'\n        display"),
        ("pkg", "good.pkg", "f ado/good.sthlp\n", ""),
        ("toc", "stata.toc", "good", "bad"),
        ("links", "ado/good.sthlp", "##syntax", "##nothing"),
        ("quotes", "ado/_fedfolder_good.ado", '"it', "it"),
        ("ascii", "ado/good.sthlp", "Text", "T\u00e4xt"),
    ],
)
def test_what_files_say_of_one_another_has_to_be_so(tree, rule, file, old, new):
    path = tree / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8", newline="\n")
    assert rule in rules(check(tree))
