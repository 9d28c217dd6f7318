"""The stand-in's `sfi` against facts of Stata's Python API documentation (https://www.stata.com/python/api17)."""

from __future__ import annotations

import inspect

import pytest

from tests.stata.standin import OutsideSubset, sfi

pytestmark = pytest.mark.usefixtures("stata")

SIGNATURES = {
    "Characteristic": {
        "getDtaChar": "name",
        "getVariableChar": "var name",
        "setDtaChar": "name value",
        "setVariableChar": "var name value",
    },
    "Data": {
        "addObs": "n nofill=",
        "addVarByte": "name",
        "addVarDouble": "name",
        "addVarFloat": "name",
        "addVarInt": "name",
        "addVarLong": "name",
        "addVarStr": "name length",
        "addVarStrL": "name",
        "dropVar": "var",
        "get": "var= obs= selectvar= valuelabel= missingval=",
        "getAsDict": "var= obs= selectvar= valuelabel= missingval=",
        "getAt": "var obs",
        "getObsTotal": "",
        "getVarCount": "",
        "getVarIndex": "name",
        "getVarLabel": "var",
        "getVarName": "index",
        "getVarType": "var",
        "isVarTypeStr": "var",
        "isVarTypeStrL": "var",
        "isVarTypeString": "var",
        "keepVar": "var",
        "renameVar": "var name",
        "setObsTotal": "nobs",
        "setVarLabel": "var label",
        "store": "var obs val selectvar=",
        "storeAt": "var obs val",
    },
    "Macro": {
        "getGlobal": "name",
        "getLocal": "name",
        "setGlobal": "name value vtype=",
        "setLocal": "name value",
    },
    "Matrix": {
        "convertSymmetricToStd": "name",
        "create": "name nrows ncols initialValue isSymmetric=",
        "get": "name rows= cols=",
        "getAt": "name row col",
        "getColNames": "name",
        "getColTotal": "name",
        "getRowNames": "name",
        "getRowTotal": "name",
        "setColNames": "name colNames",
        "setRowNames": "name rowNames",
        "store": "name val",
        "storeAt": "name row col val",
    },
    "Missing": {"getValue": "val=", "isMissing": "val", "parseIsMissing": "s"},
    "SFIToolkit": {
        "display": "s asis=",
        "displayln": "s asis=",
        "eclear": "",
        "error": "rc",
        "errprint": "s asis=",
        "errprintln": "s asis=",
        "exit": "rc=",
        "formatValue": "value format",
        "getCallerVersion": "",
        "getTempFile": "",
        "getTempName": "",
        "getWorkingDir": "",
        "isValidName": "name",
        "isValidVariableName": "name",
        "macroExpand": "s",
        "pollnow": "",
        "pollstd": "",
        "rclear": "",
        "sclear": "",
        "stata": "s echo=",
    },
    "Scalar": {
        "getString": "name",
        "getValue": "name",
        "setString": "name value",
        "setValue": "name value vtype=",
    },
    "ValueLabel": {
        "createLabel": "name",
        "getLabel": "name value",
        "getNames": "",
        "getValueLabels": "name",
        "getVarValueLabel": "var",
        "removeLabel": "name",
        "setLabelValue": "name value label",
        "setVarValueLabel": "var labelName",
    },
}
"""Of each class its methods with their arguments; `=` is one that may be left out."""
FRAME = {"connect": "name", "create": "name", "changeToCWF": "", "clone": "newName", "drop": "", "rename": "newName"}


def described(method):
    parameters = [p for p in inspect.signature(method).parameters.values() if p.name != "self"]
    return " ".join(p.name + ("" if p.default is p.empty else "=") for p in parameters)


def public(cls):
    return {name for name in dir(cls) if not name.startswith("_")}


@pytest.mark.parametrize("name", SIGNATURES)
def test_signatures_are_those_of_the_documentation(name):
    cls = getattr(sfi, name)
    assert {method: described(getattr(cls, method)) for method in public(cls)} == SIGNATURES[name]


def test_a_frame_has_the_methods_of_data_and_its_own():
    found = {method: described(getattr(sfi.Frame, method)) for method in public(sfi.Frame)}
    assert found == SIGNATURES["Data"] | FRAME


def test_nothing_else_is_there():
    assert set(sfi.__all__) == {*SIGNATURES, "Frame", "BreakError", "FrameError", "SFIError"}
    assert issubclass(sfi.BreakError, sfi.SFIError)
    assert not hasattr(sfi.Data, "append")


def test_missing_values(stata):
    assert repr(sfi.Missing.getValue()) == "8.98846567431158e+307"
    letters = [sfi.Missing.getValue(letter) for letter in "abcdefghijklmnopqrstuvwxyz"]
    assert letters == sorted(letters)
    assert letters[0] > sfi.Missing.getValue()
    assert sfi.Missing.isMissing(letters[-1])
    assert not sfi.Missing.isMissing(8.98e307)
    assert sfi.Missing.parseIsMissing(".z")
    sfi.Scalar.setValue("s", letters[25])
    stata.run("display s")
    assert stata.text == ".z\n"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_what_stata_makes_of_nan_is_not_known(value):
    with pytest.raises(OutsideSubset):
        sfi.Scalar.setValue("x", value)
    with pytest.raises(OutsideSubset):
        sfi.Matrix.create("A", 1, 1, value)


@pytest.mark.parametrize("name", ["a" * 33, "1a", "a b", "", "a-b"])
def test_names_have_rules(name):
    for call in (
        lambda: sfi.Scalar.setValue(name, 1.0),
        lambda: sfi.Matrix.create(name, 1, 1, 0.0),
        lambda: sfi.Data.addVarDouble(name),
        lambda: sfi.Macro.setGlobal(name, "x"),
        lambda: sfi.ValueLabel.createLabel(name),
    ):
        with pytest.raises(ValueError, match=r"invalid|name"):
            call()
    assert not sfi.SFIToolkit.isValidName(name)


def test_a_local_macro_has_31_characters():
    sfi.Macro.setLocal("x" * 31, "y")
    with pytest.raises(ValueError, match="invalid macro name"):
        sfi.Macro.setLocal("x" * 32, "y")


def test_macros_are_text():
    with pytest.raises(TypeError):
        sfi.Macro.setLocal("x", 1)
    assert sfi.Macro.getLocal("none") == ""
    assert sfi.Macro.getGlobal("e(none)") == ""
    assert sfi.Scalar.getValue("none") is None


def test_a_matrix():
    sfi.Matrix.create("A", 2, 3, 0.5)
    assert sfi.Matrix.get("A") == [[0.5] * 3] * 2
    assert sfi.Matrix.getColNames("A") == ["c1", "c2", "c3"]
    sfi.Matrix.storeAt("A", -1, -1, 7)
    assert sfi.Matrix.get("A", rows=[1], cols=[0, 2]) == [[0.5, 7.0]]
    sfi.Matrix.setColNames("A", ["xb:1b.race", "xb:2.race#c.age", "/lnalpha"])
    with pytest.raises(ValueError, match="invalid name"):
        sfi.Matrix.setColNames("A", ["a b", "c", "d"])
    with pytest.raises(ValueError, match="as many names"):
        sfi.Matrix.setRowNames("A", ["r"])
    with pytest.raises(ValueError, match="dimensions"):
        sfi.Matrix.store("A", [[1.0, 2.0]])
    with pytest.raises(ValueError, match="not found"):
        sfi.Matrix.get("B")
    with pytest.raises(ValueError, match="out of range"):
        sfi.Matrix.getAt("A", 2, 0)
    sfi.Matrix.create("A", 1, 1, 3)
    assert sfi.Matrix.get("A") == [[3.0]]
    with pytest.raises(ValueError, match="positive"):
        sfi.Matrix.create("A", 0, 1, 3)


def test_a_matrix_and_a_scalar_share_their_names():
    sfi.Scalar.setValue("A", 1)
    sfi.Matrix.create("A", 1, 1, 3)
    assert sfi.Scalar.getValue("A") is None


def test_data_go_in_and_out():
    sfi.Data.setObsTotal(3)
    sfi.Data.addVarByte("x")
    sfi.Data.addVarStr("s", 2)
    sfi.Data.store("x", None, [1, 200, None])
    sfi.Data.store(1, [0, 2], ["a", "long"])
    assert sfi.Data.getVarType("x") == "int"
    assert sfi.Data.getVarType("s") == "str4"
    assert sfi.Data.get("x", missingval=None) == [1.0, 200.0, None]
    assert sfi.Data.get() == [[1.0, "a"], [200.0, ""], [sfi.Missing.getValue(), "long"]]
    assert sfi.Data.getAsDict("x", obs=[1]) == {"x": [200.0]}
    sfi.Data.storeAt("s", 1, "b" * 2046)
    assert sfi.Data.getVarType("s") == "strL"
    with pytest.raises(ValueError, match="already defined"):
        sfi.Data.addVarDouble("x")
    with pytest.raises(TypeError):
        sfi.Data.storeAt("x", 0, "text")
    with pytest.raises(ValueError, match="only be increased"):
        sfi.Data.setObsTotal(1)
    with pytest.raises(ValueError, match="out of range"):
        sfi.Data.getAt("x", 3)
    with pytest.raises(ValueError, match="not found"):
        sfi.Data.get("y")


def test_value_labels():
    sfi.Data.setObsTotal(1)
    sfi.Data.addVarByte("race")
    sfi.Data.store("race", 0, 2)
    sfi.ValueLabel.createLabel("races")
    sfi.ValueLabel.setLabelValue("races", 2, "black")
    sfi.ValueLabel.setVarValueLabel("race", "races")
    assert sfi.Data.get("race", valuelabel=True) == ["black"]
    assert sfi.ValueLabel.getVarValueLabel("race") == "races"


def test_frames(stata):
    frame = sfi.Frame.create("fedfolder")
    frame.addObs(2)
    frame.addVarDouble("y")
    frame.store("y", None, [1.5, 2.5])
    assert sfi.Data.getVarCount() == 0
    stata.run("frame fedfolder: replace y = y + 1")
    assert sfi.Frame.connect("fedfolder").get("y") == [2.5, 3.5]
    with pytest.raises(sfi.FrameError):
        sfi.Frame.create("fedfolder")
    with pytest.raises(sfi.FrameError):
        sfi.Frame.connect("other")
    frame.changeToCWF()
    assert sfi.Data.getVarCount() == 1
    with pytest.raises(sfi.FrameError):
        frame.drop()


def test_a_press_of_break_shows_at_a_poll_and_once(stata):
    stata.press_break(after=2)
    sfi.SFIToolkit.pollnow()
    with pytest.raises(sfi.BreakError):
        sfi.SFIToolkit.pollnow()
    sfi.SFIToolkit.pollnow()


def test_break_that_python_does_not_catch_ends_the_command(stata):
    stata.press_break()
    assert stata.run("python: import sfi; sfi.SFIToolkit.pollnow()") == 1
    assert "--Break--" in stata.errors


def test_stata_runs_a_command_where_python_was_called(stata):
    stata.run("program p\n    python: import sfi; sfi.SFIToolkit.stata('local x 5')\n    display `x'\nend\np")
    assert stata.text == "5\n"
    stata.run("python: sfi.SFIToolkit.stata('error 111')")
    assert stata.rc == 7102
    assert "SFIError" in stata.errors


def test_exit_from_python_is_a_return_code(stata):
    assert stata.run("python: import sfi; sfi.SFIToolkit.exit(459)") == 459
