* Each model beside Stata's own on all 189 births at once: coefficients, standard errors, log likelihood, e(b)'s names.
cscript "fedfolder: models" adofile fedfolder
global FEDFOLDER_STUDY certification-demo/server
use certification-demo/site1/births.dta, clear
append using certification-demo/site2/births.dta certification-demo/site3/births.dta, generate(site)
egen group = group(site race)

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

* What stset makes of times, by the time at risk and the failures of a model after it.
capture program drop certify_stset
program certify_stset
    version 16
    display as text _newline "stset lwt `0'"
    quietly stset lwt `0'
    quietly streg age smoke, distribution(exponential)
    tempname b theirs ours failures risk
    matrix `b' = e(b)
    scalar `theirs' = e(ll)
    scalar `failures' = e(N_fail)
    scalar `risk' = e(risk)
    quietly fedfolder stset lwt `0'; streg age smoke, distribution(exponential)
    scalar `ours' = e(ll)
    assert mreldif(e(b), `b') < 1e-6
    assert reldif(`ours', `theirs') < 1e-9
    assert e(N_fail) == `failures'
    assert reldif(e(risk), `risk') < 1e-12
end

certify_stset , failure(low)
certify_stset if age > 18, failure(low==1) id(id) scale(10)
certify_stset , failure(low) enter(time 90) exit(time 200)
certify_stset , failure(low) origin(time 50) exit(time age * 8) id(id)
certify_stset , failure(race==1 3) id(id) exit(time .)

* Cox's model: a baseline in common, and one of each site.
capture program drop certify_stcox
program certify_stcox
    version 16
    display as text _newline "stcox `0'"
    quietly stset lwt, failure(low)
    quietly stcox `0'
    tempname b V theirs ours
    matrix `b' = e(b)
    matrix `V' = e(V)
    scalar `theirs' = e(ll)
    local line : subinstr local 0 "strata(site)" "strata(_node)"
    quietly fedfolder stcox `line' time(lwt) failure(low)
    scalar `ours' = e(ll)
    assert mreldif(e(b), `b') < 1e-6
    assert mreldif(e(V), `V') < 1e-5
    assert reldif(`ours', `theirs') < 1e-9
end

certify_stcox age i.race smoke, breslow
certify_stcox age i.race smoke, efron
certify_stcox age i.race smoke, breslow strata(site)
certify_stcox age smoke, efron strata(site)

* Flexible parametric models, where stpm2 is installed (ssc install stpm2, and rcsgen). Its e(b) has further equations after xb.
capture program drop certify_stpm2
program certify_stpm2
    version 16
    display as text _newline "stpm2 `0'"
    quietly stset lwt, failure(low)
    quietly stpm2 `0'
    tempname b V all theirs ours
    matrix `all' = e(b)
    matrix `b' = `all'[1, "xb:"]
    matrix `all' = e(V)
    matrix `V' = `all'["xb:", "xb:"]
    scalar `theirs' = e(ll)
    quietly fedfolder stpm2 `0' time(lwt) failure(low)
    scalar `ours' = e(ll)
    assert mreldif(e(b), `b') < 1e-5
    assert mreldif(e(V), `V') < 1e-4
    assert reldif(`ours', `theirs') < 1e-8
end

capture which stpm2
if _rc {
    display as text "stpm2 is not installed: its models are left out"
}
else {
    certify_stpm2 age smoke, scale(hazard) knots(110 130) bknots(85 220) noorthog
    certify_stpm2 age smoke, scale(hazard) knots(110 130) bknots(85 220)
    certify_stpm2 age smoke, scale(odds) knots(120) bknots(85 220)
    certify_stpm2 age smoke, scale(normal) knots(120) bknots(85 220)
    certify_stpm2 age smoke, scale(hazard) knots(120) bknots(85 220) tvc(smoke) knotstvc(smoke 120)
}

* Random intercepts: a value of race is a group within its site. Stata's own line has our way to place the points; its last parameter is a variance.
capture program drop certify_mixed
program certify_mixed
    version 16
    gettoken model 0 : 0
    display as text _newline "`model' `0'"
    quietly stset lwt, failure(low)
    quietly `model' `0' intmethod(mcaghermite)
    tempname b theirs ours sd
    matrix `b' = e(b)
    scalar `theirs' = e(ll)
    local line : subinstr local 0 "group:" "race:"
    if "`model'" == "mestreg" {
        local line `line' time(lwt) failure(low)
    }
    quietly fedfolder `model' `line'
    scalar `ours' = e(ll)
    local k = colsof(e(b))
    assert colsof(`b') == `k'
    matrix `sd' = e(b)
    assert reldif(`sd'[1, `k']^2, `b'[1, `k']) < 1e-3
    matrix `sd' = `sd'[1, 1..`k' - 1]
    matrix `b' = `b'[1, 1..`k' - 1]
    assert mreldif(`sd', `b') < 1e-4
    assert reldif(`ours', `theirs') < 1e-7
end

certify_mixed melogit low age smoke || group:, intpoints(7)
certify_mixed mepoisson ftv age smoke || group:, intpoints(7)
certify_mixed mestreg age smoke || group:, distribution(weibull) intpoints(7)
