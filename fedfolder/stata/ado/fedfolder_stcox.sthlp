{smcl}
{* *! fedfolder: written by scripts/stata_help.py}{...}
{vieweralsosee "fedfolder" "help fedfolder"}{...}
{vieweralsosee "options of every fit" "help fedfolder_estimation"}{...}
{vieweralsosee "after a fit" "help fedfolder_postestimation"}{...}
{vieweralsosee "[ST] stcox" "help stcox"}{...}
{viewerjumpto "Syntax" "fedfolder_stcox##syntax"}{...}
{viewerjumpto "Description" "fedfolder_stcox##description"}{...}
{viewerjumpto "Options" "fedfolder_stcox##options"}{...}
{viewerjumpto "Remarks" "fedfolder_stcox##remarks"}{...}
{viewerjumpto "Examples" "fedfolder_stcox##examples"}{...}
{viewerjumpto "Stored results" "fedfolder_stcox##storedresults"}{...}
{viewerjumpto "Also see" "fedfolder_stcox##alsosee"}{...}
{marker title}{...}
{title:Title}

{p2colset 5 24 26 2}{...}
{p2col:{cmd:fedfolder stcox} {hline 2}}Cox regression with Breslow method for ties over many nodes{p_end}
{p2colreset}{...}


{marker syntax}{...}
{title:Syntax}

{p 8 12 2}
{cmd:fedfolder} {cmd:stcox} [{indepvars}]
[{cmd:if} {it:exp}] [{it:weight}] [{cmd:,} {it:options}]{p_end}

{synoptset 24 tabbed}{...}
{synopthdr}
{synoptline}
{syntab:Model}
{synopt:{opt st:rata(varnames)}}strata with a baseline hazard each; {cmd:_node} for each node's own{p_end}
{synopt:{opt grid(#)}}round the times of a common baseline hazard up to multiples of {it:#}{p_end}
{synopt:{opt pht:est(log|time|rank|km)}}test proportional hazards against a change with time{p_end}
{synopt:{opt base:surv(numlist)}}baseline survival at these times{p_end}
{synopt:{opt bre:slow}}Breslow's way with tied failures; the default{p_end}
{synopt:{opt efr:on}}Efron's way with tied failures{p_end}
{synopt:{opth time(varname)}}when a row ends; without an argument, the same as {cmd:aft}{p_end}
{synopt:{opth f:ailure(varname)}}whether a row ends with a failure: 0 for no{p_end}
{synopt:{opth en:try(varname)}}when a row begins to be at risk; default is 0{p_end}
{synopt:{opth id(varname)}}whose each row is: persons are counted, and robust variances are by them{p_end}
{synopt:{opth off:set(varname)}}include {it:varname} in the model with a coefficient of 1{p_end}

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
{cmd:fweight}s, {cmd:pweight}s and {cmd:iweight}s are allowed; see
{help weight}.{p_end}
{p 4 6 2}
See {help fedfolder_postestimation} for what can be done after a fit.{p_end}


{marker description}{...}
{title:Description}

{pstd}
{cmd:fedfolder stcox} fits Cox's proportional hazards model over the nodes of
a study. No row of data leaves a node: each computes the log likelihood, its
gradient and its Hessian on its own rows, and the sums of these over all nodes
are what is maximized. The estimates are those of {helpb stcox} on the pooled
rows.{p_end}


{marker options}{...}
{title:Options}

{dlgtab:Model}

{phang}
{opt strata(varnames)}: up to five variables whose values make strata with a
baseline hazard each. {cmd:_node} among them stands for the node: no failure
times leave it then.{p_end}

{phang}
{opt grid(#)}: times and entries are rounded up to multiples of {it:#} before
anything is computed, where baseline hazards are common to all nodes. The
estimates are those of the rounded times.{p_end}

{phang}
{opt phtest(log|time|rank|km)}: a score test of coefficients that change with
time ({cmd:time}), its logarithm ({cmd:log}), the rank of failure times
({cmd:rank}) or one minus the Kaplan-Meier estimate ({cmd:km}), in one more
round. With {cmd:strata(_node)} the last two are of each node's strata.{p_end}

{phang}
{opt basesurv(numlist)}: survival at these times with zero in all terms, by
Breslow's estimator, for each stratum. With {cmd:strata(_node)} it is each
node's own, which its policy has to allow.{p_end}

{phang}
{opt breslow}: holds each of several failures at one time against all who were
at risk.{p_end}

{phang}
{opt efron}: holds the first of {it:d} failures at one time against all who
were at risk, the next against all but one in {it:d} of those who failed, and
so on.{p_end}

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
With {cmd:strata(_node)} each node has baseline hazards of its own, and gives
its log partial likelihood with its derivatives, as in other models. Without
it, baseline hazards are common to all nodes, and each gives sums over those
at risk at every failure time: much nearer to single persons, and only where
the policy of every node lets that leave.{p_end}

{pstd}
Where neither {opt time()} nor {opt failure()} is given, the data of every
node were {helpb stset}. With {cmd:efron}, weights are those of R's survival;
{helpb stcox} takes none there.{p_end}

{pstd}
Levels of factor variables are those of all nodes together, and so is the
base, the lowest of them. A row with a missing value in any variable of the
model is left out. See
{help fedfolder_estimation##remarks:fedfolder estimation} for what happens
while a fit waits.{p_end}


{marker examples}{...}
{title:Examples}

{pstd}Data that were stset, with baseline hazards of each node{p_end}
{phang2}{cmd:. fedfolder stcox age i.stage, strata(_node) study("C:/studies/lbw")}{p_end}

{pstd}Efron's way with ties, late entry, and strata of sex within nodes{p_end}
{phang2}{cmd:. fedfolder stcox age i.stage, strata(_node sex) efron time(years) failure(died) entry(since) study("C:/studies/lbw")}{p_end}

{pstd}One baseline hazard for all nodes, in months, where every node allows it{p_end}
{phang2}{cmd:. fedfolder stcox age i.stage, time(months) failure(died) grid(1) study("C:/studies/lbw")}{p_end}

{pstd}The study named once, the fit shown again{p_end}
{phang2}{cmd:. global FEDFOLDER_STUDY "C:/studies/lbw"}{p_end}
{phang2}{cmd:. fedfolder stcox age i.stage, strata(_node)}{p_end}
{phang2}{cmd:. fedfolder, level(90)}{p_end}


{marker storedresults}{...}
{title:Stored results}

{pstd}{cmd:fedfolder stcox} stores the following in {cmd:e()}:{p_end}

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
{synopt:{cmd:e(N_fail)}}number of failures{p_end}
{synopt:{cmd:e(risk)}}total time at risk{p_end}
{synopt:{cmd:e(phtest_chi2)}}chi-squared of {cmd:phtest()}{p_end}
{synopt:{cmd:e(phtest_df)}}its degrees of freedom{p_end}
{synopt:{cmd:e(phtest_p)}}its p-value{p_end}

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
{synopt:{cmd:e(ties)}}{cmd:breslow} or {cmd:efron}{p_end}
{synopt:{cmd:e(strata)}}variables of {cmd:strata()}{p_end}
{synopt:{cmd:e(t0)}}variable of {cmd:entry()}{p_end}

{p2col 5 18 22 2: Matrices}{p_end}
{synopt:{cmd:e(b)}}coefficient vector, with base and omitted levels{p_end}
{synopt:{cmd:e(V)}}variance-covariance matrix{p_end}

{p2colreset}{...}
{pstd}
{cmd:predict} gives {cmd:hr} where nothing else is asked for, and has
{cmd:xb}, {cmd:stdp}, too.{p_end}


{marker alsosee}{...}
{title:Also see}

{psee}Manual:  {manhelp stcox ST}{p_end}
{psee}Help:  {helpb fedfolder}, {helpb fedfolder_estimation}, {helpb fedfolder_postestimation}{p_end}
