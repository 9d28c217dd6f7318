*! fedfolder: one regression over many registries, through a shared folder
program fedfolder
    version 16
    gettoken word rest : 0, parse(" ,")
    // These two must work where Python does not.
    if inlist(`"`word'"', "doctor", "setup") {
        _fedfolder_`word' `macval(rest)'
        exit
    }
    _fedfolder_ready
    if inlist(`"`word'"', "stub", "close", "nodes") {
        _fedfolder_`word' `macval(rest)'
        exit
    }
    if inlist(`"`word'"', "", ",") {
        _fedfolder_display `macval(0)'
        exit
    }
    python: _fedfolder.line()
    if `rc' exit `rc'
    if "`posts'" != "" {
        _fedfolder_post
        _fedfolder_display `display'
    }
end
