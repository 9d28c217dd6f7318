{smcl}
{* *! fedfolder: written by scripts/stata_help.py}{...}
{vieweralsosee "fedfolder" "help fedfolder"}{...}
{vieweralsosee "options of every fit" "help fedfolder_estimation"}{...}
{vieweralsosee "after a fit" "help fedfolder_postestimation"}{...}
{vieweralsosee "[ME] mestreg" "help mestreg"}{...}
{viewerjumpto "Syntax" "fedfolder_mestreg##syntax"}{...}
{viewerjumpto "Description" "fedfolder_mestreg##description"}{...}
{viewerjumpto "Options" "fedfolder_mestreg##options"}{...}
{viewerjumpto "Remarks" "fedfolder_mestreg##remarks"}{...}
{viewerjumpto "Examples" "fedfolder_mestreg##examples"}{...}
{viewerjumpto "Stored results" "fedfolder_mestreg##storedresults"}{...}
{viewerjumpto "Also see" "fedfolder_mestreg##alsosee"}{...}
{marker title}{...}
{title:Title}

{p2colset 5 26 28 2}{...}
{p2col:{cmd:fedfolder mestreg} {hline 2}}Mixed-effects exponential PH regression over many nodes{p_end}
{p2colreset}{...}


{marker syntax}{...}
{title:Syntax}

{p 8 12 2}
{cmd:fedfolder} {cmd:mestreg} [{indepvars}]
[{cmd:if} {it:exp}] [{it:weight}] {cmd:||} {it:varname}{cmd::} {cmd:,} {opt distribution(distname)} [{it:options}]{p_end}

{synoptset 24 tabbed}{...}
{synopthdr}
{synoptline}
{syntab:Model}
{synopt:{opt d:istribution(distname)}}distribution of survival times; required{p_end}
{synopt:{opth time(varname)}}when a row ends; without an argument, the same as {cmd:aft}{p_end}
{synopt:{opth f:ailure(varname)}}whether a row ends with a failure: 0 for no{p_end}
{synopt:{opth en:try(varname)}}when a row begins to be at risk; default is 0{p_end}
{synopt:{opth id(varname)}}whose each row is: persons are counted, and robust variances are by them{p_end}
{synopt:{opth off:set(varname)}}include {it:varname} in the model with a coefficient of 1{p_end}
{synopt:{opt nocons:tant}}leave out the constant{p_end}

{syntab:Integration}
{synopt:{opt intp:oints(#)}}points of the quadrature; default is {cmd:intpoints(7)}{p_end}
{synopt:{opt intm:ethod(mcaghermite)}}how points are placed; there is one way{p_end}

{syntab:SE/Robust}
{synopt:{opt vce(vcetype)}}{it:vcetype} is {cmd:oim}, {cmd:robust}, {cmd:cluster} {it:varname} or {cmd:cluster} {it:varname}{cmd:, across}{p_end}
{synopt:{opt r:obust}}the same as {cmd:vce(robust)}{p_end}
{synopt:{opth cl:uster(varname)}}the same as {cmd:vce(cluster} {it:varname}{cmd:)}{p_end}

{syntab:Reporting}
{synopt:{opt l:evel(#)}}set confidence level; default is {cmd:level(95)}{p_end}
{synopt:{opt nohr}}report coefficients, not hazard ratios{p_end}

{syntab:Study}
{synopt:{help fedfolder_estimation##options:{it:options of every fit}}}{cmd:study()}, {cmd:timeout()}, and so on{p_end}
{synoptline}
{p2colreset}{...}
{p 4 6 2}
{it:indepvars} may contain factor variables; see {helpb fvvarlist}.{p_end}
{p 4 6 2}
{cmd:fweight}s and {cmd:iweight}s are allowed; see {help weight}.{p_end}
{p 4 6 2}
See {help fedfolder_postestimation} for what can be done after a fit.{p_end}


{marker description}{...}
{title:Description}

{pstd}
{cmd:fedfolder mestreg} fits a parametric model of hazards with a random
intercept over the nodes of a study. No row of data leaves a node: each
computes the log likelihood, its gradient and its Hessian on its own rows, and
the sums of these over all nodes are what is maximized. The estimates are
those of {helpb mestreg} on the pooled rows.{p_end}


{marker options}{...}
{title:Options}

{dlgtab:Model}

{phang}
{opt distribution(distname)}: the distribution: {cmd:exponential},
{cmd:weibull} or {cmd:gompertz}, which are models of hazards, and
{cmd:loglogistic} or {cmd:lognormal}, which are models of time.{p_end}

{phang}
{opt time(varname)}: the variable with the time at which a row ends, above
zero. Stata's {cmd:time} without an argument is {opt aft}.{p_end}

{phang}
{opt failure(varname)}: the variable that says whether a row ends with a
failure; every value but 0 does.{p_end}

{phang}
{opt entry(varname)}: the variable with the time at which a row comes under
observation (delayed entry, or a later row of the same subject). What is
fitted is conditional on survival up to there.{p_end}

{phang}
{opt id(varname)}: the variable that says whose each row is. The table then
has the number of subjects, {cmd:vce(robust)} is by persons, and sites count
persons instead of rows.{p_end}

{phang}
{opt offset(varname)}: a variable that is added to the linear predictor.{p_end}

{phang}
{opt noconstant}: a model without a constant. The centring of the columns is
left out with it.{p_end}

{dlgtab:Integration}

{phang}
{opt intpoints(#)}: the points of the adaptive Gauss-Hermite quadrature, from
1 (Laplace's approximation) to 100.{p_end}

{phang}
{opt intmethod(mcaghermite)}: points are placed about the mode by the
curvature there, which is {helpb melogit}'s {cmd:intmethod(mcaghermite)}. Its
default, {cmd:mvaghermite}, differs where points are few.{p_end}

{dlgtab:SE/Robust}

{phang}
{opt vce(vcetype)}: how the variances are estimated; {cmd:oim} is the default.
Where clusters lie at several nodes, say {cmd:vce(cluster}
{it:varname}{cmd:, across)}: the nodes then give the sums of each cluster,
which their policy has to allow.{p_end}

{phang}
{opt robust}: another word for {cmd:vce(robust)}.{p_end}

{phang}
{opt cluster(varname)}: another word for {cmd:vce(cluster}
{it:varname}{cmd:)}.{p_end}

{dlgtab:Reporting}

{phang}
{opt level(#)}: percent of the confidence intervals, from 10 to 99.99.{p_end}

{phang}
{opt nohr}: a table of coefficients in the place of hazard ratios; e() holds
coefficients either way.{p_end}

{dlgtab:Study}

{phang}
{help fedfolder_estimation##options:Options of every fit} say which study it
is, and how long to wait.{p_end}


{marker remarks}{...}
{title:Remarks}

{pstd}
The parameter in {cmd:e(b)} is the standard deviation, {cmd:/sd}, where
Stata's own command has the variance. The table shows the variance.{p_end}

{pstd}
All rows of a value of {it:varname} lie within one node: a value that two
sites have counts as two. {cmd:_node} is the site itself. Predictions are at a
random intercept of zero.{p_end}

{pstd}
Levels of factor variables are those of all nodes together, and so is the
base, the lowest of them. A row with a missing value in any variable of the
model is left out. See
{help fedfolder_estimation##remarks:fedfolder estimation} for what happens
while a fit waits.{p_end}


{marker examples}{...}
{title:Examples}

{pstd}A Weibull model of data that were stset, with an intercept of each hospital{p_end}
{phang2}{cmd:. fedfolder mestreg age i.stage || hospital:, distribution(weibull) study("C:/studies/lbw")}{p_end}

{pstd}The study named once, the fit shown again{p_end}
{phang2}{cmd:. global FEDFOLDER_STUDY "C:/studies/lbw"}{p_end}
{phang2}{cmd:. fedfolder mestreg age i.stage || hospital:, distribution(weibull)}{p_end}
{phang2}{cmd:. fedfolder, level(90)}{p_end}


{marker storedresults}{...}
{title:Stored results}

{pstd}{cmd:fedfolder mestreg} stores the following in {cmd:e()}:{p_end}

{synoptset 18 tabbed}{...}
{p2col 5 18 22 2: Scalars}{p_end}
{synopt:{cmd:e(N)}}number of observations, over all nodes{p_end}
{synopt:{cmd:e(ll)}}log likelihood{p_end}
{synopt:{cmd:e(ll_0)}}log likelihood, constant-only model{p_end}
{synopt:{cmd:e(df_m)}}model degrees of freedom{p_end}
{synopt:{cmd:e(chi2)}}chi-squared of the model, where there is one{p_end}
{synopt:{cmd:e(p)}}its p-value{p_end}
{synopt:{cmd:e(N_clust)}}number of clusters, with {cmd:vce(cluster)}{p_end}
{synopt:{cmd:e(rank)}}rank of {cmd:e(V)}{p_end}
{synopt:{cmd:e(ll_c)}}log likelihood of the model without its random intercept{p_end}
{synopt:{cmd:e(chi2_c)}}likelihood-ratio test against it{p_end}
{synopt:{cmd:e(p_c)}}p-value of that test{p_end}
{synopt:{cmd:e(N_fail)}}number of failures{p_end}
{synopt:{cmd:e(risk)}}total time at risk{p_end}

{p2col 5 18 22 2: Macros}{p_end}
{synopt:{cmd:e(cmd)}}{cmd:fedfolder}{p_end}
{synopt:{cmd:e(model)}}name of the model{p_end}
{synopt:{cmd:e(cmdline)}}command as typed{p_end}
{synopt:{cmd:e(depvar)}}name of the outcome{p_end}
{synopt:{cmd:e(title)}}title in the output{p_end}
{synopt:{cmd:e(study)}}home of the study{p_end}
{synopt:{cmd:e(nodes)}}names of the nodes that took part{p_end}
{synopt:{cmd:e(without)}}names of the nodes that were left out{p_end}
{synopt:{cmd:e(vce)}}{it:vcetype}{p_end}
{synopt:{cmd:e(predict)}}{cmd:fedfolder_p}{p_end}
{synopt:{cmd:e(group)}}variable with a random intercept{p_end}

{p2col 5 18 22 2: Matrices}{p_end}
{synopt:{cmd:e(b)}}coefficient vector, with base and omitted levels{p_end}
{synopt:{cmd:e(V)}}variance-covariance matrix{p_end}

{p2colreset}{...}
{pstd}
{cmd:predict} gives {cmd:xb} where nothing else is asked for, and has
{cmd:hr}, {cmd:stdp}, too.{p_end}


{marker alsosee}{...}
{title:Also see}

{psee}Manual:  {manhelp mestreg ME}{p_end}
{psee}Help:  {helpb fedfolder}, {helpb fedfolder_estimation}, {helpb fedfolder_postestimation}{p_end}
