"""The stand-in's language: macros, programs, blocks and prefixes as [P] and [U] describe them."""

from __future__ import annotations

import sys

import pytest

from tests.stata.standin import OutsideSubset


def shown(stata, text):
    before = len(stata.results.lines)
    stata.run(text)
    return [line for line, _ in stata.results.lines[before:]]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ('local x a\ndisplay "`x\'"', "a"),
        ("local x a\nlocal a b\ndisplay \"``x''\"", "b"),
        ("local i 2\nlocal x2 two\ndisplay \"`x`i''\"", "two"),
        ("display `=2*3'", "6"),
        ('local x = 3/7\ndisplay "`x\'"', ".4285714285714285"),
        ('local x = 1e7*3\ndisplay "`x\'"', "30000000"),
        ('local none\ndisplay "[`none\']"', "[]"),
        ('local x `"a "quoted" word"\'\ndisplay `"`x\'"\'', 'a "quoted" word'),
        ('local x : word 2 of a b c\ndisplay "`x\'"', "b"),
        ('local x : word count a b c\ndisplay "`x\'"', "3"),
        ('global G c\nlocal x "${G}d $G"\ndisplay "`x\'"', "cd c"),
        ("local i 1\nlocal ++i\ndisplay `i' `++i'", "23"),
        # [U] 18.3.11: what a macro holds is expanded as well, but for macval().
        ('local y 1\nlocal x "\\`y\'"\ndisplay "`x\'"', "1"),
        ('local y 1\nlocal x "\\`y\'"\nlocal z `"`macval(x)\'"\'\nlocal y 2\ndisplay "`z\'"', "2"),
        # The surprise of Windows paths: a backslash takes the meaning from the macro that follows.
        ('local f x\ndisplay "S:\\`f\'"', "S:`f'"),
        ('local f x\ndisplay "S:/`f\'"', "S:/x"),
        # Of two that are typed it makes one; what a macro holds stays as it is.
        ('local x "\\\\\\\\a\\\\"\ndisplay "[`x\']"', "[\\\\a\\]"),
        ('local f x\nlocal p "S:\\\\`f\'"\ndisplay "`p\'"', "S:\\x"),
        ('display "`c(os)\'" == "" "`e(cmd)\'"', "0"),
    ],
)
def test_macros_are_expanded(stata, lines, expected):
    assert shown(stata, f"{lines}\n* end") == [expected]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("2+3*4^2", "50"),
        ("-2^2", "-4"),
        ("!0 & 1 | 0", "1"),
        ("1/3", ".33333333"),
        ("-.0497792742582770", "-.04977927"),
        ("1e-7/3", "3.333e-08"),
        ("1/0", "."),
        (". > 1e300", "1"),
        (".a == .", "0"),
        (". + 1", "."),
        ('"a" + "b"', "ab"),
        ('strlen("`x\'")', "0"),
        ('inlist("b", "a", "b")', "1"),
        ("reldif(1, 1.5)", ".2"),
        ("+1.921fb54442d18X+001", "3.1415927"),
        ("%21x 1/3", "+1.5555555555555X-002"),
        ("%9.4f 2/3", "   0.6667"),
        ("%9.0g -.04977927425", "-.0497793"),
        ("%10.0g -131.004823", "-131.00482"),
        ("mod(-1, 3) + max(., 2)", "4"),
        ('word("a b", -1)', "b"),
        ('cond(missing(""), 1, 2)', "1"),
    ],
)
def test_expressions(stata, expression, expected):
    assert shown(stata, f"display {expression}") == [expected]


def test_a_type_mismatch_is_an_error(stata):
    assert stata.run('display "a" + 1') == 109
    assert stata.run("display nothing") == 111
    assert stata.run("display (1") == 198


def test_a_program_has_local_macros_of_its_own(stata):
    stata.run("program p\n    args a b\n    local c `b'`a'\n    display \"`c'|`0'|`2'\"\nend\nlocal c kept\np x y z")
    assert stata.text == "yx|x y z|y\n"
    assert stata.memory.locals["c"] == "kept"


def test_a_program_does_not_see_the_local_macros_of_who_calls_it(stata):
    stata.run("program p\n    display \"[`mine']\"\n    local mine 2\nend\nlocal mine 1\np\ndisplay `mine'")
    assert stata.text == "[]\n1\n"


def test_python_sets_a_local_macro_of_the_program_that_called_it(stata):
    text = "program p\n    python: import sfi; sfi.Macro.setLocal('rc', sfi.Macro.getLocal('0'))\n    exit `rc'\nend"
    stata.run(f"{text}\n* end")
    assert stata.run("p 459") == 459
    assert "rc" not in stata.memory.locals


def test_python_keeps_one_namespace(stata):
    stata.run("python: x = 1")
    stata.run("python: x += 1")
    assert shown(stata, "python: print(x)") == ["2"]


def test_an_error_of_python_is_7102_with_its_traceback(stata):
    assert stata.run("python: 1/0") == 7102
    assert "ZeroDivisionError" in stata.errors
    assert "standin" not in stata.errors
    assert stata.errors.endswith("r(7102);")


def test_capture_keeps_the_return_code_and_shows_nothing(stata):
    assert shown(stata, "capture error 111\ndisplay _rc\ncapture display 1\ndisplay _rc") == ["111", "0"]
    assert shown(stata, "capture noisily error 111\ndisplay _rc") == ["not found", "111"]


def test_quietly_hides_output_and_no_error(stata):
    assert shown(stata, "quietly display 1\nquietly {\n    display 2\n    noisily display 3\n}") == ["3"]
    text = "program p\n    noisily display 1\nend\n"
    assert shown(stata, f"{text}quietly p") == []
    assert shown(stata, "quietly error 9") == ["assertion is false", "r(9);"]


def test_exit_ends_a_program_with_its_code_and_without_a_message(stata):
    assert shown(stata, 'program p\n    if "`1\'" == "" exit 198\n    display "on"\nend\np x\np') == ["on", "r(198);"]


def test_blocks(stata):
    text = """
    foreach x in a "b c" {
        forvalues i = 1/2 {
            if `i' == 2 & "`x'" == "a" {
                continue
            }
            else if "`x'" == "a" {
                display "first"
            }
            else {
                display "`x'`i'"
            }
        }
    }
    """
    assert shown(stata, text) == ["first", "b c1", "b c2"]


def test_comments_and_continued_lines(stata):
    text = 'display "a // b" /// joined\n    "c" // comment\n* display 1\n/* display\n2 */\ndisplay "http://x"'
    assert shown(stata, text) == ["a // bc", "http://x"]


@pytest.mark.parametrize(
    ("parse", "given", "first", "rest"),
    [
        (' ,"', "logit low age, study(x)", "logit", " low age, study(x)"),
        (" ,", ", level(90)", ",", " level(90)"),
        (" ,", '"a b" c', "a b", " c"),
        (" ,", "", "", ""),
    ],
)
def test_gettoken(stata, parse, given, first, rest):
    stata.memory.locals["0"] = given
    option = " ," if '"' in parse else parse
    stata.run(f'gettoken word rest : 0, parse("{option}")')
    assert (stata.memory.locals["word"], stata.memory.locals["rest"]) == (first, rest)


def test_syntax(stata):
    stata.run("set obs 2\ngenerate age = _n\ngenerate smoke = 1")
    stata.run(
        "program p\n    syntax varlist [if] [in] [, Level(real 95) noOFFset PR Name(string)]\n"
        "    display \"`varlist'|`if'|`level'|`offset'|`pr'|`name'\"\nend"
    )
    assert shown(stata, 'p ag smoke if age > 1, l(90) nooff name("S:/x y")') == [
        "age smoke|if age > 1|90|nooffset||S:/x y",
    ]
    assert shown(stata, "p age") == ["age||95|||"]
    assert stata.run("p age, wrong") == 198
    assert stata.run("p nothing") == 111
    assert stata.run("p") == 100


def test_marksample(stata):
    stata.run("set obs 4\ngenerate x = _n\nreplace x = . if x == 3")
    stata.run("program p\n    syntax varlist [if] [in]\n    marksample touse\n    count if `touse'\nend")
    assert shown(stata, "p x if _n > 1") == ["  2"]
    assert stata.memory.data.names == ["x"]


def test_results_are_marked_when_they_are_errors(stata):
    stata.run('display as error "{bf:wrong} {txt}{c -(}x{c )-}"\ndisplay "right {nothing}"')
    assert stata.results.lines == [("wrong {x}", True), ("right {nothing}", False)]


@pytest.mark.parametrize(
    "line",
    [
        "regress y x",
        "ml model lf p (y = x)",
        "display runiform()",
        "ereturn post b V C",
        "display c(nothing)",
        "python:",
        "set rng x",
        "estat vce",
        "gettoken (local) x : 0",
        "mata: mata clear",
    ],
)
def test_what_is_outside_of_the_subset_fails_loudly(stata, line):
    for text in (line, f"capture {line}"):
        with pytest.raises(OutsideSubset):
            stata.run(text)
    assert stata.loud is not None
    stata.loud = None


def test_no_exception_handler_of_ours_hides_it(stata):
    stata.run("python: import sfi")
    with pytest.raises(OutsideSubset):
        stata.run("python: exec('try: sfi.SFIToolkit.stata(\"regress y x\")\\nexcept Exception: pass')")
    stata.loud = None


def test_sfi_is_gone_with_the_session():
    assert "sfi" not in sys.modules
