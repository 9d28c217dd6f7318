*! _fedfolder_display: shows the results of the last fit again
program _fedfolder_display
    version 16
    if "`e(cmd)'" != "fedfolder" {
        display as error "last estimates not found"
        exit 301
    }
    local level = c(level)
    python: _fedfolder.header()
    if `rc' exit `rc'
    ereturn display, `options'
    python: _fedfolder.footer()
    if `rc' exit `rc'
end
