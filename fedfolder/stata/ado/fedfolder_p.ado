*! fedfolder_p: predict after fedfolder
program fedfolder_p
    version 16
    syntax newvarlist [if] [in] [, Pr N MU IR XB STDP PC1 PU0 MEDian HR SURV HAZard CUMHazard noOFFset Outcome(string)]
    marksample touse, novarlist
    _fedfolder_ready
    python: _fedfolder.predict()
    if `rc' exit `rc'
end
