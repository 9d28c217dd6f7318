*! _fedfolder_post: puts the result of a fit into e()
program _fedfolder_post, eclass
    version 16
    tempname b V
    python: _fedfolder.numbers()
    if `rc' exit `rc'
    matrix colnames `b' = `names'
    matrix colnames `V' = `names'
    matrix rownames `V' = `names'
    ereturn post `b' `V', `options'
    python: _fedfolder.statistics()
    if `rc' {
        // Half of a result is worse than none.
        ereturn clear
        exit `rc'
    }
end
