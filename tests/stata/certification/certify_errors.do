* What goes wrong has Stata's return code, a message that says what to do, and leaves e() as it was.
cscript "fedfolder: errors" adofile fedfolder
global FEDFOLDER_STUDY certification-demo/server
capture fedfolder close
fedfolder nodes stop
fedfolder nodes start certification-demo/node1 certification-demo/node2 certification-demo/node3
quietly fedfolder logit low age
rcof "fedfolder logit low agee" == 111
rcof "fedfolder logit low age, nosuchoption" == 198
rcof "fedfolder nosuchword" == 198
rcof `"fedfolder logit low age, study("no such folder")"' == 198
rcof "fedfolder logit low age if age > 100" == 430
assert "`e(cmd)'" == "fedfolder" & "`e(depvar)'" == "low"
assert _b[age] != 0
fedfolder nodes stop
