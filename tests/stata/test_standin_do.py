"""Do-files and certification scripts in the stand-in."""

from __future__ import annotations

import pytest

from tests.stata.standin import OutsideSubset
from tests.stata.standin.commands.registry import COMMANDS, SECTIONS

SCRIPT = """
* what a certification script does
cscript "the stand-in" adofiles fedfolder
set more off
about
log using nothing, text replace
rcof "error 198" == 198
rcof "noisily confirm file nothing.txt" == 601
set obs 3
generate double x = _n /// in three
    + 0.5
assert x > 1
rcof "assert x > 2" == 9
local sum 0
forvalues i = 1/3 {
    local sum = `sum' + x[`i']
}
assert reldif(`sum', 7.5) < 1e-15
summarize x, meanonly
scalar mean = r(mean)
assert mean == 2.5
preserve
drop if x > 2
assert _N == 1
restore
assert _N == 3
capture confirm variable y
assert _rc == 111
which fedfolder
log close
exit
display "never"
"""


def test_a_script_runs_to_its_exit(stata, tmp_path):
    path = tmp_path / "script with blanks.do"
    path.write_text(SCRIPT, encoding="utf-8", newline="\n")
    assert stata.do(path) == 0, stata.text
    assert "never" not in stata.text
    assert "no Stata" in stata.text


@pytest.mark.parametrize(
    ("line", "rc"),
    [
        ('rcof "display 1" == 198', 9),
        ("assert 1 == 2", 9),
        ("which nothing_of_ours", 111),
        ("cscript x adofile none", 111),
    ],
)
def test_a_claim_that_does_not_hold_ends_it(stata, tmp_path, line, rc):
    path = tmp_path / "script.do"
    path.write_text(f"{line}\ndisplay 5\n", encoding="utf-8", newline="\n")
    assert stata.do(path) == rc
    assert "5" not in stata.text.split("\n")


def test_do_with_arguments_of_its_own(stata, tmp_path):
    (tmp_path / "inner.do").write_text('args a\ndisplay "`a\' there"\n', encoding="utf-8", newline="\n")
    stata.run(f'do "{tmp_path / "inner.do"}" "S:/my homes"')
    assert stata.text == "S:/my homes there\n"


def test_every_command_says_which_section_it_follows():
    assert all(section for section in SECTIONS.values())
    assert set(SECTIONS) <= set(COMMANDS)


def test_a_block_of_mata_is_set_aside_and_what_it_defines_needs_a_twin(stata, tmp_path, monkeypatch):
    from tests.stata.standin.commands.mata import FUNCTIONS

    stata.adopath.append(tmp_path)
    text = 'program with_mata\n    version 16\n    mata: double_it("x")\nend\nversion 16\nmata:\n\n'
    text += "void double_it(string scalar name)\n{\n    st_numscalar(name, 2)\n}\n\nend\n"
    (tmp_path / "with_mata.ado").write_text(text, encoding="ascii", newline="\n")
    with pytest.raises(OutsideSubset):
        stata.run("with_mata")
    stata.loud = None
    monkeypatch.setitem(FUNCTIONS, "double_it", lambda session, args: session.memory.set_scalar(args[0], 2.0))
    stata.run("with_mata\ndisplay x")
    assert stata.text == "2\n"


def test_data_files(stata, tmp_path):
    path = tmp_path / "a file.csv"
    path.write_text("Age,sex\n20,f\n,m\n", encoding="utf-8", newline="\n")
    stata.run(f'import delimited "{path}"\nlist age sex')
    assert stata.text == "     1. 20  f\n     2. .  m\n"
    stata.run(f'save "{tmp_path / "x.dta"}"\nclear\nuse "{tmp_path / "x.dta"}"')
    assert stata.memory.data.column("age").values[0] == 20
    assert stata.run("generate new = age") == 0
    assert stata.run(f'use "{tmp_path / "x.dta"}"') == 4
    assert stata.run(f'use "{tmp_path / "none.dta"}", clear') == 601


def test_a_package_is_installed_where_ado_files_are_found(stata, tmp_path):
    folder = tmp_path / "my package"
    folder.mkdir()
    for name, text in {
        "stata.toc": "v 3\nd Tests\np mine What is mine\n",
        "mine.pkg": "v 3\nd mine\nf mine.ado\nf mine.sthlp\n",
        "mine.ado": "program mine\n    version 16\n    display 7\nend\n",
        "mine.sthlp": "{smcl}\n",
    }.items():
        (folder / name).write_text(text, encoding="ascii", newline="\n")
    assert stata.run(f'net install mine, from("{folder}")') == 0
    assert (stata.plus / "m" / "mine.ado").is_file()
    assert stata.run("mine\nhelp mine\nfindfile mine.sthlp") == 0
    assert stata.run("help other") == 111
    (folder / "mine.pkg").write_text("v 3\nf gone.ado\n", encoding="ascii", newline="\n")
    assert stata.run(f'net install mine, from("{folder}") replace') == 601
    assert stata.run(f'net install other, from("{folder}")') == 601


def test_files_of_a_folder_are_listed(stata, tmp_path):
    for name in ("b.txt", "a.txt", "c.do"):
        (tmp_path / name).touch()
    stata.run(
        f'local files : dir "{tmp_path}" files "*.txt"\nforeach f of local files {{\n    display "`f\'" _continue\n}}'
    )
    assert stata.text == "a.txtb.txt"
    stata.run('display "`: word count `files\'\'" %6s "x" %-4s "y" "|"')
    assert stata.text == "a.txtb.txt2     xy   |\n"


def test_data_are_appended(stata, tmp_path):
    stata.run(
        f'set obs 2\ngenerate x = _n\nsave "{tmp_path / "one"}"\ngenerate y = 1\nappend using "{tmp_path / "one.dta"}"'
    )
    assert stata.memory.data.column("x").values == [1, 2, 1, 2]
    assert stata.run("assert missing(y) if _n > 2") == 0
