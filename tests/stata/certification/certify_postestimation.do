* What Stata has after a fit, beside the same after Stata's own.
cscript "fedfolder: after a fit" adofile fedfolder
global FEDFOLDER_STUDY certification-demo/server
use certification-demo/site1/births.dta, clear
append using certification-demo/site2/births.dta certification-demo/site3/births.dta

quietly logit low age i.race smoke
estimates store own
test age
local chi2 = r(chi2)
testparm i.race
local joint = r(chi2)
lincom age + smoke
local sum = r(estimate)
local sum_se = r(se)
nlcom exp(_b[smoke])
matrix own_nl = r(b)
predict double own_pr
predict double own_xb, xb
predict double own_stdp, stdp
estat ic
matrix own_ic = r(S)

fedfolder logit low age i.race smoke
estimates store federated
test age
assert reldif(r(chi2), `chi2') < 1e-6
testparm i.race
assert reldif(r(chi2), `joint') < 1e-6
lincom age + smoke
assert reldif(r(estimate), `sum') < 1e-6 & reldif(r(se), `sum_se') < 1e-6
nlcom exp(_b[smoke])
assert mreldif(r(b), own_nl) < 1e-6
predict double pr
predict double xb, xb
predict double stdp, stdp
foreach kind in pr xb stdp {
    assert reldif(`kind', own_`kind') < 1e-6
}
estat ic
matrix ic = r(S)
assert reldif(ic[1, 5], own_ic[1, 5]) < 1e-6
estimates table own federated, b(%12.7f) se stats(N ll)

* A stored fit predicts after another one.
quietly fedfolder logit low age
estimates restore federated
predict double again
assert reldif(again, pr) < 1e-12
