*! fedfolder: makes sure that Stata's Python has fedfolder
program _fedfolder_ready
    version 16
    capture python: import fedfolder.stata.ado as _fedfolder
    if _rc {
        local rc = _rc
        display as error "fedfolder: Stata's Python cannot load fedfolder"
        display as error "type {stata fedfolder doctor} to see what is missing, then {stata fedfolder setup}"
        exit `rc'
    }
end
