* A registry's node inside Stata. EXPERIMENTAL: no Stata was at hand when this was written.
*
* Who runs it: the custodian of the data, or whoever looks after them.
* When it stands: from the last line on, until Break is pressed. Nothing is lost then; run it again to go on.
*
* What leaves this computer: for each question, sums over your rows: counts, sums of products, the log likelihood with
* its gradient and Hessian. No row leaves. All that leaves is kept, readable, in the folder kept of the node's home,
* and node.toml and policy.toml there say which variables may be asked about and what is refused.
* What Stata does here: it holds the data and computes log likelihood, gradient and Hessian, in Mata. What is received,
* checked, refused, approved, noted and sent is fedfolder's own, the same as for a node outside of Stata.
*
* Once, before the first run (see docs/stata.md):
*   fedfolder node init "C:/fedfolder/north" --data births.dta --exchange "S:/exchange/lbw/north"
*   (typed at a command prompt; or in Stata: fedfolder node init "C:/fedfolder/north", data(...) exchange(...))
*
* In which study your rights allow this is for your agreement with it, not for this file.

version 16

* 1. The data. What is in memory is what is computed from, under the names that node.toml gives to the study.
*    Make variables here that the study needs and your file does not have. Do not change the data while a fit goes on,
*    nor sort them, nor change the frame: fedfolder notices it, and refuses.
use "C:/data/births.dta", clear

* 2. The node's home.
local home "C:/fedfolder/north"

* 3. Who decides. What waits for a person is shown, and decided, with the data in memory. Stata does one thing at a time:
*    press Break first if the node runs, and run it again afterwards.
*      fedfolder_node pending "C:/fedfolder/north"
*      fedfolder_node approve "C:/fedfolder/north" 1, by("A. Custodian")
*      fedfolder_node reject  "C:/fedfolder/north" 1, reason("not covered by our agreement")

* 4. Run, until Break. (fedfolder_node once "C:/fedfolder/north" answers what has come, and ends.)
fedfolder_node run "`home'"

* A likelihood of your own: see my_likelihood.do beside this file. Every site must run the same one, and the server's
* side has to say that it knows:
*   do my_likelihood.do
*   fedfolder_node run "C:/fedfolder/north", likelihood(logit my_logit)
