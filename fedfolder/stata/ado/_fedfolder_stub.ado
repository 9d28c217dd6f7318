*! fedfolder stub: opens a fit that ml drives, and puts into memory the data set that ml needs
program _fedfolder_stub
    version 16
    local changed = c(changed)
    python: _fedfolder.stub()
    if `rc' exit `rc'
end
