*! fedfolder: says what Stata has for fedfolder, and what is missing
program _fedfolder_doctor
    version 16
    // With a folder it is the doctor of shared folders, as in a terminal.
    if `"`macval(0)'"' != "" {
        _fedfolder_ready
        local 0 `"doctor `macval(0)'"'
        python: _fedfolder.line()
        exit `rc'
    }
    local version "0.1.0"
    local born "`c(born_date)'"
    display as text "good  Stata             `c(stata_version)' of `born', for `c(os)'"
    capture findfile fedfolder.ado
    if _rc {
        display as error "bad   ado files         they are not where {stata adopath:Stata looks}"
        display as text "In a terminal, type:  fedfolder stata install"
        exit 601
    }
    display as text "good  ado files         `version', `r(fn)'"
    capture python query
    local rc = _rc
    local executable `"`r(execpath)'"'
    if !`rc' & `"`executable'"' == "" local rc = 7100
    if `rc' {
        display as error "bad   Python            Stata has none that works"
        _fedfolder_explain `rc'
        exit `rc'
    }
    display as text `"good  Python            `r(version)', `executable'"'
    capture noisily python: import fedfolder.stata.ado as _fedfolder
    if _rc {
        local rc = _rc
        display as error "bad   fedfolder         this Python cannot load it"
        _fedfolder_explain `rc'
        exit `rc'
    }
    python: _fedfolder.doctor()
    if `rc' exit `rc'
    display as text "All is well. Type {stata help fedfolder} to go on."
end
