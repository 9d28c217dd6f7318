* The demo of the talk, from Stata, start to end: lbw.dta split over three nodes, and Stata's own ml driving them.
*
* Run it in a folder that may be written to: it makes the folder lbw-demo there (an earlier one is replaced).
* It takes about a minute. What it prints is in lbw_demo.log, beside this file.

version 17
clear all
set more off

* 1. Stata's Python has fedfolder.
fedfolder doctor

* 2. The data are split at random over three sites. Server, exchange and three node homes are made.
fedfolder demo lbw-demo, layout

* 3. Three nodes begin to watch their folders. (In earnest, each site starts its own: fedfolder node run HOME.)
fedfolder nodes start lbw-demo/node1 lbw-demo/node2 lbw-demo/node3

* 4. What ml needs to know is put into memory: names, levels and the number of rows. No row of anyone is among it.
fedfolder stub logit low age smoke, study(lbw-demo/server)

* 5. Each evaluation that ml asks for is one round through the folders.
ml model d2 fedfolder_d2 (xb: low = age smoke), search(off) maximize
ml display

* 6. The nodes are told that it is over.
fedfolder close

* 7. The same in one line, with Newton's method at the server, and what Stata has after a fit.
fedfolder logit low age smoke, study(lbw-demo/server)
test age
lincom age + smoke
estimates store federated
fedfolder logit low age i.race smoke, study(lbw-demo/server) or
testparm i.race
estat ic
estimates store larger
estimates table federated larger, se

* 8. The nodes stop. The folder lbw-demo stays: docs/stata.md says what to look at.
fedfolder nodes stop
