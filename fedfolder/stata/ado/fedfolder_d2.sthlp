{smcl}
{* *! fedfolder: the evaluator that ml calls}{...}
{vieweralsosee "fedfolder" "help fedfolder"}{...}
{vieweralsosee "the data set for ml" "help fedfolder_stub"}{...}
{vieweralsosee "[R] ml" "help ml"}{...}
{viewerjumpto "Syntax" "fedfolder_d2##syntax"}{...}
{viewerjumpto "Description" "fedfolder_d2##description"}{...}
{viewerjumpto "Options" "fedfolder_d2##options"}{...}
{viewerjumpto "Remarks" "fedfolder_d2##remarks"}{...}
{viewerjumpto "Examples" "fedfolder_d2##examples"}{...}
{viewerjumpto "Also see" "fedfolder_d2##alsosee"}{...}
{marker title}{...}
{title:Title}

{p2colset 5 21 23 2}{...}
{p2col:{cmd:fedfolder_d2} {hline 2}}Evaluator of type d2: each new beta is one round over the nodes{p_end}
{p2colreset}{...}


{marker syntax}{...}
{title:Syntax}

{p 8 12 2}
{cmd:ml model d2 fedfolder_d2 (xb:} {depvar} {cmd:=} [{indepvars}]{cmd:)} [{it:...}]{cmd:, search(off) maximize}{p_end}

{pstd}
{cmd:fedfolder stub} shows the whole line for a model; {cmd:$FEDFOLDER_ML} holds it.


{marker description}{...}
{title:Description}

{pstd}
{cmd:fedfolder_d2} is an evaluator for {helpb ml}. {cmd:ml} chooses the next beta; the evaluator asks all nodes about it,
adds what they answer, and gives {cmd:ml} the log likelihood, its gradient and its Hessian. {help fedfolder_stub} has to
be typed before: it opens the fit, and the custodians approve a proposal that says that Stata drives.


{marker options}{...}
{title:Options}

{phang}
{cmd:search(off)} is needed: a search would ask the nodes about betas that tell nothing.{p_end}

{phang}
{cmd:maximize} and the options of {helpb maximize}, such as {cmd:nrtolerance()} and {cmd:iterate()}, work as ever. A
method other than d2 would ask for what no node gives.{p_end}


{marker remarks}{...}
{title:Remarks}

{pstd}
A beta that was answered is not asked about again: {cmd:ml} calls the evaluator two or three times at each, for the log
likelihood, the gradient and the Hessian, and that is one round. Base levels are part of {cmd:b} in {cmd:ml}, with zeros
in the gradient and the Hessian.

{pstd}
A beta outside of the {opt radius()} of {help fedfolder_stub} has a missing log likelihood, and {cmd:ml} halves its step.
An error of a node ends {cmd:ml} with its return code. Break ends it, too, and the same lines go on where it was.


{marker examples}{...}
{title:Examples}

{pstd}A logistic regression that {cmd:ml} drives{p_end}
{phang2}{cmd:. fedfolder stub logit low age smoke, study("C:/studies/lbw") clear}{p_end}
{phang2}{cmd:. ml model d2 fedfolder_d2 (xb: low = age smoke), search(off) maximize}{p_end}
{phang2}{cmd:. ml display}{p_end}

{pstd}With a factor variable{p_end}
{phang2}{cmd:. fedfolder stub logit low age i.race smoke, study("C:/studies/lbw") clear}{p_end}
{phang2}{cmd:. $FEDFOLDER_ML}{p_end}
{phang2}{cmd:. ml display}{p_end}
{phang2}{cmd:. fedfolder close}{p_end}


{marker alsosee}{...}
{title:Also see}

{psee}Manual:  {manhelp ml R}{p_end}
{psee}Help:  {helpb fedfolder_stub}, {helpb fedfolder}, {helpb maximize}{p_end}
