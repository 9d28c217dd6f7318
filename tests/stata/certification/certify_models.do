* Each model beside Stata's own on all 189 births at once: coefficients, standard errors, log likelihood, e(b)'s names.
cscript "fedfolder: models" adofile fedfolder
global FEDFOLDER_STUDY certification-demo/server
use certification-demo/site1/births.dta, clear
append using certification-demo/site2/births.dta certification-demo/site3/births.dta

capture program drop certify_beside
program certify_beside
    version 16
    display as text _newline "`0'"
    quietly `0'
    tempname b V theirs ours
    matrix `b' = e(b)
    matrix `V' = e(V)
    scalar `theirs' = e(ll)
    local names : colfullnames `b'
    quietly fedfolder `0'
    scalar `ours' = e(ll)
    local federated : colfullnames e(b)
    assert "`federated'" == "`names'"
    assert mreldif(e(b), `b') < 1e-6
    assert mreldif(e(V), `V') < 1e-5
    assert reldif(`ours', `theirs') < 1e-9
end

certify_beside logit low age i.race smoke
certify_beside logit low c.age##i.smoke ib3.race
certify_beside logit low age smoke, vce(robust)
certify_beside probit low age i.race smoke
certify_beside cloglog low age i.race smoke
certify_beside regress bwt age i.race smoke
certify_beside poisson ftv age i.race smoke
certify_beside nbreg ftv age smoke
certify_beside mlogit race age smoke
certify_beside ologit race age smoke
certify_beside oprobit race age smoke
certify_beside glm low age smoke, family(binomial) link(logit)
certify_beside clogit low lwt smoke, group(race)

* Survival: weight stands for a time, which says nothing; what is compared is streg, of all 189 rows at once.
capture program drop certify_streg
program certify_streg
    version 16
    display as text _newline "streg `0'"
    quietly stset lwt, failure(low)
    quietly streg `0'
    tempname b V theirs ours failures risk
    matrix `b' = e(b)
    matrix `V' = e(V)
    scalar `theirs' = e(ll)
    scalar `failures' = e(N_fail)
    scalar `risk' = e(risk)
    quietly fedfolder streg `0' time(lwt) failure(low)
    scalar `ours' = e(ll)
    assert mreldif(e(b), `b') < 1e-6
    assert mreldif(e(V), `V') < 1e-5
    assert reldif(`ours', `theirs') < 1e-9
    assert e(N_fail) == `failures'
    assert e(risk) == `risk'
end

certify_streg age smoke, distribution(exponential)
certify_streg age i.race smoke, distribution(weibull)
certify_streg age smoke, distribution(gompertz)
certify_streg age i.race smoke, distribution(loglogistic)
certify_streg age smoke, distribution(lognormal) vce(robust)
