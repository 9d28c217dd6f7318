*! _fedfolder_nodes: nodes beside Stata, to try things out on one computer
program _fedfolder_nodes
    version 16
    python: _fedfolder.nodes()
    if `rc' exit `rc'
end
