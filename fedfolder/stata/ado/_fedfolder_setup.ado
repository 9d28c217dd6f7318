*! fedfolder: finds the Python that has fedfolder, and makes it Stata's
program _fedfolder_setup
    version 16
    syntax [, python(string)]
    // What `fedfolder stata install` wrote beside the ado files; such a file in the working folder may be anyone's.
    if `"`python'"' == "" {
        capture findfile fedfolder.ado
        if !_rc {
            local beside = subinstr("`r(fn)'", "fedfolder.ado", "fedfolder_python.txt", 1)
            capture confirm file "`beside'"
            if !_rc local python = fileread("`beside'")
        }
        capture confirm file `"`python'"'
        if _rc local python ""
    }
    // Where pipx puts it, and then Pythons that have it. Slashes work on Windows, too.
    if `"`python'"' == "" {
        local user : environment USERPROFILE
        local data : environment LOCALAPPDATA
        local home : environment HOME
        local program "bin/python"
        if "`c(os)'" == "Windows" local program "Scripts/python.exe"
        foreach folder in "`user'/pipx" "`data'/pipx/pipx" "`home'/.local/share/pipx" "`home'/.local/pipx" {
            local file `"`folder'/venvs/fedfolder/`program'"'
            capture confirm file `"`file'"'
            if !_rc & `"`python'"' == "" local python `"`file'"'
        }
        capture confirm file "C:/fedfolder/program/`program'"
        if !_rc & `"`python'"' == "" local python "C:/fedfolder/program/`program'"
        foreach minor in 14 13 12 11 {
            foreach folder in "`data'/Programs/Python/Python3`minor'" "C:/Program Files/Python3`minor'" "C:/Python3`minor'" {
                capture confirm file `"`folder'/Lib/site-packages/fedfolder/about.py"'
                if !_rc & `"`python'"' == "" local python `"`folder'/python.exe"'
            }
        }
    }
    if `"`python'"' == "" {
        display as error "no Python with fedfolder was found"
        display as text "In a terminal, type  fedfolder stata install"
        display as text "and then again {stata fedfolder setup} here;"
        display as text `"or name it:  fedfolder setup, python("C:/Program Files/Python311/python.exe")"'
        exit 601
    }
    capture confirm file `"`python'"'
    if _rc {
        display as error `"there is no file `python'"'
        exit 601
    }
    capture python query
    local running "`r(initialized)'"
    local before `"`r(execpath)'"'
    capture noisily python set exec "`python'", permanently
    if _rc {
        local rc = _rc
        _fedfolder_explain `rc'
        exit `rc'
    }
    display as text `"Stata takes this Python from now on: `python'"'
    if "`running'" == "1" & `"`before'"' != `"`python'"' {
        display as text "Another one runs already: close Stata, open it again,"
        display as text "and type {stata fedfolder doctor}."
        exit
    }
    _fedfolder_doctor
end
