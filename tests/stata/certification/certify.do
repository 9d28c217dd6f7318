* Certification of fedfolder in a real Stata. Not run in CI: no Stata is there. See docs/stata-certification.md.
*
*     cd to this folder, then:  do certify
*
* It writes certify.log, and makes the folder certification-demo, both in the current folder. Each part stops at the
* first thing that is not as it should be; the other parts are run all the same, and the table at the end says which failed.

version 16
clear all
set more off
capture log close certify
log using certify.log, text replace name(certify)
about
python query

local parts "python help demo logit models postestimation d2 node errors"
foreach part of local parts {
    capture noisily do certify_`part'.do
    local rc_`part' = _rc
}

display as text _newline "What came of it (0: as it should be)"
foreach part of local parts {
    display as text %18s "`part'" as result %8.0f `rc_`part''
}
capture fedfolder close
capture fedfolder nodes stop
log close certify
