*! fedfolder (experimental): a node whose data are in this Stata's memory
* fedfolder_node run     HOME     [, likelihood(MODEL FUNCTION ...) frame(NAME)]
* fedfolder_node once    HOME     [, likelihood(MODEL FUNCTION ...) frame(NAME)]
* fedfolder_node pending HOME     [, likelihood(MODEL FUNCTION ...) frame(NAME)]
* fedfolder_node approve HOME FIT [, by(text) reason(text) frame(NAME)]
* fedfolder_node reject  HOME FIT, reason(text) [by(text) frame(NAME)]
* fedfolder_node release HOME FIT [, by(text) frame(NAME)]
program fedfolder_node
    version 16
    gettoken word 0 : 0, parse(" ,")
    gettoken home 0 : 0, parse(" ,")
    if !inlist("`word'", "run", "once", "pending", "approve", "reject", "release") | inlist(`"`home'"', "", ",") {
        display as error "fedfolder_node: run, once, pending, approve, reject or release, and the node's home"
        exit 198
    }
    local fit ""
    if inlist("`word'", "approve", "reject", "release") {
        gettoken fit 0 : 0, parse(" ,")
    }
    syntax [, likelihood(string) frame(name) by(string) reason(string)]
    local current = c(frame)
    _fedfolder_ready
    if "`word'" == "run" {
        python: _fedfolder.node_run()
    }
    else if "`word'" == "once" {
        python: _fedfolder.node_once()
    }
    else {
        python: _fedfolder.node_desk()
    }
    if `rc' exit `rc'
end
