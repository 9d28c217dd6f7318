{smcl}
{* *! fedfolder: the data set that ml needs, and the end of a fit that ml drives}{...}
{vieweralsosee "fedfolder" "help fedfolder"}{...}
{vieweralsosee "the evaluator" "help fedfolder_d2"}{...}
{vieweralsosee "[R] ml" "help ml"}{...}
{viewerjumpto "Syntax" "fedfolder_stub##syntax"}{...}
{viewerjumpto "Description" "fedfolder_stub##description"}{...}
{viewerjumpto "Options" "fedfolder_stub##options"}{...}
{viewerjumpto "Remarks" "fedfolder_stub##remarks"}{...}
{viewerjumpto "Examples" "fedfolder_stub##examples"}{...}
{viewerjumpto "Also see" "fedfolder_stub##alsosee"}{...}
{marker title}{...}
{title:Title}

{p2colset 5 23 25 2}{...}
{p2col:{cmd:fedfolder stub} {hline 2}}The data set that ml needs to drive a fit over the nodes{p_end}
{p2colreset}{...}


{marker syntax}{...}
{title:Syntax}

{p 8 12 2}
{cmd:fedfolder stub} {it:model} {depvar} [{indepvars}] [{cmd:if} {it:exp}] [{it:weight}] [{cmd:,} {it:model_options}
{it:options}]{p_end}

{p 8 12 2}
{cmd:fedfolder close}{p_end}

{synoptset 20 tabbed}{...}
{synopthdr}
{synoptline}
{synopt:{opt study(folder)}}the study's home; default is {cmd:$FEDFOLDER_STUDY}{p_end}
{synopt:{opt clear}}replace the data in memory, even if they were not saved{p_end}
{synopt:{opt radius(#)}}how far from the path of Newton's steps {cmd:ml} may ask; default is {cmd:radius(1)}{p_end}
{synopt:{opt again}}ask the nodes anew, even if they answered this before{p_end}
{synopt:{opt timeout(time)}}wait no longer than this, as {cmd:90s}, {cmd:30m} or {cmd:48h}{p_end}
{synopt:{opt ownlikelihoods}}take answers by likelihoods that nodes in Stata put in the model's place{p_end}
{synoptline}
{p2colreset}{...}


{marker description}{...}
{title:Description}

{pstd}
{cmd:fedfolder stub} opens a fit over the nodes that Stata's own {helpb ml} will drive, and puts into memory the data set
that {cmd:ml} looks at: the variables of the model with their levels, and as many rows as there are observations. No row
of it is anyone's. It then shows the line of {cmd:ml} to type, which is in the global macro {cmd:FEDFOLDER_ML}, too.

{pstd}
{cmd:fedfolder close} tells the nodes that the fit is over.


{marker options}{...}
{title:Options}

{phang}
{opt study(folder)} and {opt again} are as in {help fedfolder_estimation##options:every fit}, and so is
{opt timeout(time)}, for each round.{p_end}

{phang}
{opt clear} lets the data in memory go; without it they have to be saved, or r(4).{p_end}

{phang}
{opt radius(#)} is a number above 0, in standard deviations of the columns: how far from the path on which Newton's steps
from the published sums lead {cmd:ml} may ask. The proposal that a custodian approves says it. A beta that is farther away
is not asked about: {cmd:ml} gets a missing log likelihood and halves its step.{p_end}

{phang}
{opt ownlikelihoods} goes on where a {help fedfolder_node:node in Stata} computes with a likelihood of its own; without
it that is an error, r(9).{p_end}


{marker remarks}{...}
{title:Remarks}

{pstd}
Variances are those of the Hessian: {cmd:vce(robust)} needs scores of single rows, which no node gives. Models whose
variance has a scale, such as {cmd:regress}, are fitted without {cmd:ml}.

{pstd}
Collinear columns are left out over all nodes together, and the data in memory are such that {cmd:ml} leaves out the
same.


{marker examples}{...}
{title:Examples}

{pstd}The fit of a talk, over folders{p_end}
{phang2}{cmd:. fedfolder stub logit low age smoke, study("C:/studies/lbw") clear}{p_end}
{phang2}{cmd:. ml model d2 fedfolder_d2 (xb: low = age smoke), search(off) maximize}{p_end}
{phang2}{cmd:. ml display}{p_end}
{phang2}{cmd:. fedfolder close}{p_end}


{marker alsosee}{...}
{title:Also see}

{psee}Manual:  {manhelp ml R}{p_end}
{psee}Help:  {helpb fedfolder_d2}, {helpb fedfolder}{p_end}
