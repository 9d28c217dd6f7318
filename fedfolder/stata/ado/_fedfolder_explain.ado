*! fedfolder: what Stata's return codes about Python mean, and what to do
program _fedfolder_explain
    version 16
    args rc
    if `rc' == 7100 {
        display as error "r(7100): Stata cannot load Python"
        display as text "It needs a 64-bit Python 3.11 or newer, from python.org or a software center;"
        display as text "not the one of the Microsoft Store. {stata python search} shows those that are here."
        display as text "Then type, with the path of one:"
        display as text `"    fedfolder setup, python("C:/Program Files/Python311/python.exe")"'
    }
    else if `rc' == 7101 {
        display as error "r(7101): this Stata runs another Python already, and can run one only"
        display as text "Close Stata, open it again, and type {stata fedfolder setup}"
        display as text "before anything else that uses Python."
    }
    else if `rc' == 7102 {
        display as error "r(7102): Python reported an error"
        display as text "If it says that there is no module, fedfolder or a package of its own"
        display as text "is not in this Python. In a terminal, type"
        display as text `"    python -m pip install "C:/Downloads/fedfolder""'
        display as text "with the path of this Python, and the folder that you unpacked fedfolder into;"
        display as text "or type {stata fedfolder setup} here, to take the Python that has it."
    }
    else if `rc' == 7103 {
        display as error "r(7103): a file of Python's could not be run or loaded"
        display as text "An installation that is not complete does this. In a terminal, type"
        display as text `"    python -m pip install --force-reinstall "C:/Downloads/fedfolder""'
        display as text "with the path of this Python, and the folder that you unpacked fedfolder into."
    }
    else {
        display as error "r(`rc'): Stata could not do it; {stata search rc `rc'} says more"
    }
end
