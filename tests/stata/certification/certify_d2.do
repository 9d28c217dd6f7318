* Stata's ml drives the nodes.
cscript "fedfolder: ml" adofile fedfolder
fedfolder stub logit low age smoke, study(certification-demo/server)
assert _N == 189
ml model d2 fedfolder_d2 (xb: low = age smoke), search(off) maximize
ml display
assert e(N) == 189
assert reldif(e(ll), -113.63814580140382) < 1e-8
assert reldif(_b[xb:age], -.0497792742582770) < 1e-5
assert reldif(_b[xb:smoke], .691848676936729) < 1e-5
assert reldif(_b[xb:_cons], .0609055366130124) < 1e-5
assert reldif(_se[xb:smoke], .321806118) < 1e-5
fedfolder close

* Base levels: b, g and H are as wide as e(b) with 1b.race.
fedfolder stub logit low age i.race smoke, study(certification-demo/server)
ml model d2 fedfolder_d2 (xb: low = age i.race smoke), search(off) maximize
ml display
local names : colfullnames e(b)
assert "`names'" == "xb:age xb:1b.race xb:2.race xb:3.race xb:smoke xb:_cons"
fedfolder close

* Stata's own check of the derivatives. Look at what it prints: mreldif of gradient and Hessian below 1e-5 or so.
fedfolder stub logit low smoke, study(certification-demo/server)
capture noisily ml model d2debug fedfolder_d2 (xb: low = smoke), search(off) maximize iterate(1)
fedfolder close
