* The published numbers of logit low age lwt i.race smoke ptl ht ui, and the talk's.
cscript "fedfolder: logit" adofile fedfolder
global FEDFOLDER_STUDY certification-demo/server

fedfolder logit low age smoke
assert e(N) == 189
assert reldif(e(ll), -113.63814580140382) < 1e-12
assert reldif(e(ll_0), -117.33599809660922) < 1e-12
assert reldif(_b[age], -.0497792742582770) < 1e-8
assert reldif(_b[smoke], .691848676936729) < 1e-8
assert reldif(_b[_cons], .0609055366130124) < 1e-8
assert reldif(_se[age], .031971957) < 1e-6
assert reldif(_se[smoke], .321806118) < 1e-6
assert reldif(_se[_cons], .757319899) < 1e-6
assert "`e(cmd)'" == "fedfolder" & "`e(depvar)'" == "low"

fedfolder logit low age lwt i.race smoke ptl ht ui
assert reldif(e(ll), -100.7239956) < 1e-9
assert reldif(_b[age], -.0271003) < 1e-5
assert reldif(_b[lwt], -.0151508) < 1e-5
assert reldif(_b[2.race], 1.262647) < 1e-5
assert reldif(_b[3.race], .8620792) < 1e-5
assert reldif(_b[smoke], .9233448) < 1e-5
assert reldif(_b[ptl], .5418366) < 1e-5
assert reldif(_b[ht], 1.832518) < 1e-5
assert reldif(_b[ui], .7585135) < 1e-5
assert reldif(_b[_cons], .4612239) < 1e-5
assert reldif(_se[2.race], .5264101) < 1e-5

* Replay, odds ratios and another level.
fedfolder
fedfolder, or level(90)
