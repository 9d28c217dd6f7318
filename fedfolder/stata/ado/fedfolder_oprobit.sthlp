{smcl}
{* *! fedfolder: written by scripts/stata_help.py}{...}
{vieweralsosee "fedfolder" "help fedfolder"}{...}
{vieweralsosee "options of every fit" "help fedfolder_estimation"}{...}
{vieweralsosee "after a fit" "help fedfolder_postestimation"}{...}
{vieweralsosee "[R] oprobit" "help oprobit"}{...}
{viewerjumpto "Syntax" "fedfolder_oprobit##syntax"}{...}
{viewerjumpto "Description" "fedfolder_oprobit##description"}{...}
{viewerjumpto "Options" "fedfolder_oprobit##options"}{...}
{viewerjumpto "Remarks" "fedfolder_oprobit##remarks"}{...}
{viewerjumpto "Examples" "fedfolder_oprobit##examples"}{...}
{viewerjumpto "Stored results" "fedfolder_oprobit##storedresults"}{...}
{viewerjumpto "Also see" "fedfolder_oprobit##alsosee"}{...}
{marker title}{...}
{title:Title}

{p2colset 5 26 28 2}{...}
{p2col:{cmd:fedfolder oprobit} {hline 2}}Ordered probit regression over many nodes{p_end}
{p2colreset}{...}


{marker syntax}{...}
{title:Syntax}

{p 8 12 2}
{cmd:fedfolder} {cmdab:oprob:it} {depvar} [{indepvars}]
[{cmd:if} {it:exp}] [{it:weight}] [{cmd:,} {it:options}]{p_end}

{synoptset 24 tabbed}{...}
{synopthdr}
{synoptline}
{syntab:Model}
{synopt:{opth off:set(varname)}}include {it:varname} in the model with a coefficient of 1{p_end}

{syntab:SE/Robust}
{synopt:{opt vce(vcetype)}}{it:vcetype} is {cmd:oim}, {cmd:robust}, {cmd:cluster} {it:varname} or {cmd:cluster} {it:varname}{cmd:, across}{p_end}
{synopt:{opt r:obust}}the same as {cmd:vce(robust)}{p_end}
{synopt:{opth cl:uster(varname)}}the same as {cmd:vce(cluster} {it:varname}{cmd:)}{p_end}

{syntab:Reporting}
{synopt:{opt l:evel(#)}}set confidence level; default is {cmd:level(95)}{p_end}
{synopt:{opt ef:orm}}report exponentiated coefficients{p_end}

{syntab:Study}
{synopt:{help fedfolder_estimation##options:{it:options of every fit}}}{cmd:study()}, {cmd:timeout()}, and so on{p_end}
{synoptline}
{p2colreset}{...}
{p 4 6 2}
{it:indepvars} may contain factor variables; see {helpb fvvarlist}.{p_end}
{p 4 6 2}
{cmd:fweight}s, {cmd:pweight}s and {cmd:iweight}s are allowed; see
{help weight}.{p_end}
{p 4 6 2}
See {help fedfolder_postestimation} for what can be done after a fit.{p_end}


{marker description}{...}
{title:Description}

{pstd}
{cmd:fedfolder oprobit} fits an ordered probit regression over the nodes of a
study. No row of data leaves a node: each computes the log likelihood, its
gradient and its Hessian on its own rows, and the sums of these over all nodes
are what is maximized. The estimates are those of {helpb oprobit} on the
pooled rows.{p_end}


{marker options}{...}
{title:Options}

{dlgtab:Model}

{phang}
{opt offset(varname)}: a variable that is added to the linear predictor.{p_end}

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
{opt eform}: a table of exponentiated coefficients, under the name that they
have in this model.{p_end}

{dlgtab:Study}

{phang}
{help fedfolder_estimation##options:Options of every fit} say which study it
is, and how long to wait.{p_end}


{marker remarks}{...}
{title:Remarks}

{pstd}
The cutpoints are named {cmd:/cut1}, {cmd:/cut2}, and so on. The levels of the
outcome are those of all nodes together, in the order of their numbers.{p_end}

{pstd}
Levels of factor variables are those of all nodes together, and so is the
base, the lowest of them. A row with a missing value in any variable of the
model is left out. See
{help fedfolder_estimation##remarks:fedfolder estimation} for what happens
while a fit waits.{p_end}


{marker examples}{...}
{title:Examples}

{pstd}Stage at diagnosis{p_end}
{phang2}{cmd:. fedfolder oprobit stage age i.sex i.region, study("C:/studies/lbw")}{p_end}

{pstd}The study named once, the fit shown again{p_end}
{phang2}{cmd:. global FEDFOLDER_STUDY "C:/studies/lbw"}{p_end}
{phang2}{cmd:. fedfolder oprobit stage age i.sex i.region}{p_end}
{phang2}{cmd:. fedfolder, level(90)}{p_end}


{marker storedresults}{...}
{title:Stored results}

{pstd}{cmd:fedfolder oprobit} stores the following in {cmd:e()}:{p_end}

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
{synopt:{cmd:e(k_cat)}}number of categories{p_end}

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

{p2col 5 18 22 2: Matrices}{p_end}
{synopt:{cmd:e(b)}}coefficient vector, with base and omitted levels{p_end}
{synopt:{cmd:e(V)}}variance-covariance matrix{p_end}

{p2colreset}{...}
{pstd}
{cmd:predict} gives {cmd:pr} where nothing else is asked for, and has
{cmd:xb}, {cmd:stdp}, too.{p_end}


{marker alsosee}{...}
{title:Also see}

{psee}Manual:  {manhelp oprobit R}{p_end}
{psee}Help:  {helpb fedfolder}, {helpb fedfolder_estimation}, {helpb fedfolder_postestimation}{p_end}
