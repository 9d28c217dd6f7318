*! fedfolder_d2: evaluator of type d2 for ml; each new beta is one round over the nodes
program fedfolder_d2
    version 16
    args todo b lnf g H
    _fedfolder_ready
    local names : colfullnames `b'
    python: _fedfolder.d2()
    if `rc' exit `rc'
end
