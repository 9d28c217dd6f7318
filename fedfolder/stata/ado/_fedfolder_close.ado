*! fedfolder close: tells the nodes that the fit that ml drove is over
program _fedfolder_close
    version 16
    python: _fedfolder.close()
    if `rc' exit `rc'
end
