* Each help file is found and shown.
cscript "fedfolder: help" adofile fedfolder
findfile fedfolder.sthlp
local folder = subinstr("`r(fn)'", "fedfolder.sthlp", "", .)
local files : dir "`folder'" files "fedfolder*.sthlp"
assert `: word count `files'' > 10
foreach file of local files {
    local topic = subinstr("`file'", ".sthlp", "", .)
    help `topic', nonew name(certify)
}
