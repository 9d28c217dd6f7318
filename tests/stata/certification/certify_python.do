* Stata's Python and fedfolder's part in it.
cscript "fedfolder: Python" adofile fedfolder
which fedfolder
fedfolder doctor
python: import fedfolder.stata.ado

* What decisions/0012 assumes of locals: Python reads and sets those of the program that called it.
capture program drop certify_locals
program certify_locals
    version 16
    local given `"as `0'"'
    python: from sfi import Macro; Macro.setLocal("taken", Macro.getLocal("given") + " back")
    assert `"`taken'"' == `"as `0' back"'
end
certify_locals there and "C:\My data\x" here

* And the line itself, as it was typed.
capture program drop certify_typed
program certify_typed
    version 16
    python: from sfi import Macro; Macro.setLocal("taken", Macro.getLocal("0"))
    assert `"`macval(taken)'"' == `"`macval(0)'"'
end
certify_typed logit low "a, b" age, study("S:/a b") or

* For the log: how many of two backslashes are left.
local certify_share "\\a"
display strlen("`macval(certify_share)'") - 1

* Missing values, e() and r() from Python.
python: from sfi import Scalar, Matrix, Missing
python: Scalar.setValue("certify_s", Missing.getValue())
assert scalar(certify_s) == .
python: Matrix.create("certify_m", 1, 3, 0.0); Matrix.store("certify_m", [[1.0, 0.1, Missing.getValue()]])
python: Matrix.setColNames("certify_m", ["low:1b.race", "low:_cons", "/:lnalpha"])
assert certify_m[1,2] == 0.1 & certify_m[1,3] == .
local names : colfullnames certify_m
assert "`names'" == "low:1b.race low:_cons /:lnalpha" | "`names'" == "low:1b.race low:_cons /lnalpha"
matrix drop certify_m
