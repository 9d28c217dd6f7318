{smcl}
{* *! fedfolder: written by scripts/stata_help.py}{...}
{vieweralsosee "fedfolder" "help fedfolder"}{...}
{vieweralsosee "options of every fit" "help fedfolder_estimation"}{...}
{vieweralsosee "after a fit" "help fedfolder_postestimation"}{...}
{vieweralsosee "stpm2" "help stpm2"}{...}
{viewerjumpto "Syntax" "fedfolder_stpm2##syntax"}{...}
{viewerjumpto "Description" "fedfolder_stpm2##description"}{...}
{viewerjumpto "Options" "fedfolder_stpm2##options"}{...}
{viewerjumpto "Remarks" "fedfolder_stpm2##remarks"}{...}
{viewerjumpto "Examples" "fedfolder_stpm2##examples"}{...}
{viewerjumpto "Stored results" "fedfolder_stpm2##storedresults"}{...}
{viewerjumpto "Also see" "fedfolder_stpm2##alsosee"}{...}
{marker title}{...}
{title:Title}

{p2colset 5 24 26 2}{...}
{p2col:{cmd:fedfolder stpm2} {hline 2}}Flexible parametric PH regression over many nodes{p_end}
{p2colreset}{...}


{marker syntax}{...}
{title:Syntax}

{p 8 12 2}
{cmd:fedfolder} {cmd:stpm2} [{indepvars}]
[{cmd:if} {it:exp}] [{it:weight}] {cmd:,} {opt scale(scalename)} [{it:options}]{p_end}

{synoptset 24 tabbed}{...}
{synopthdr}
{synoptline}
{syntab:Model}
{synopt:{opth time(varname)}}when a row ends; without an argument, the same as {cmd:aft}{p_end}
{synopt:{opth f:ailure(varname)}}whether a row ends with a failure: 0 for no{p_end}
{synopt:{opth en:try(varname)}}when a row begins to be at risk; default is 0{p_end}
{synopt:{opth id(varname)}}whose each row is: persons are counted, and robust variances are by them{p_end}
{synopt:{opth bh:azard(varname)}}expected rate at the time of each row; the excess is modelled{p_end}
{synopt:{opt sca:le(scalename)}}scale of the linear predictor; required{p_end}
{synopt:{opt df(#)}}columns of the baseline's spline, with knots at centiles of the event times{p_end}
{synopt:{opt kn:ots(numlist)}}times of the inner knots, in the place of {cmd:df()}{p_end}
{synopt:{opt bk:nots(numlist)}}times of the two boundary knots{p_end}
{synopt:{opt noorth:og}}splines as they are, not orthogonalized{p_end}

{syntab:Reporting}
{synopt:{opt lrmodel}}likelihood-ratio model test instead of the default Wald test{p_end}

{syntab:Model}
{synopt:{opt tvc(termlist)}}terms whose effect varies with time{p_end}
{synopt:{opt dft:vc(df_list)}}columns of their splines: one number, or {it:varname}{cmd::} {it:#} ...{p_end}
{synopt:{opt knotst:vc(knots_list)}}their inner knots: {it:varname}{cmd::} {it:numlist} ...{p_end}
{synopt:{opth off:set(varname)}}include {it:varname} in the model with a coefficient of 1{p_end}
{synopt:{opt nocons:tant}}leave out the constant{p_end}

{syntab:Averages}
{synopt:{opt stand:surv(numlist)}}survival at these times, averaged over all rows of all nodes{p_end}
{synopt:{opt at1(varname # ...)}}with these values in every row; {cmd:.} for rows as they are{p_end}
{synopt:{opt at2(varname # ...)}}with other values in every row{p_end}
{synopt:{opt at3(varname # ...)}}with other values in every row{p_end}
{synopt:{opt at4(varname # ...)}}with other values in every row{p_end}
{synopt:{opt at5(varname # ...)}}with other values in every row{p_end}
{synopt:{opt at6(varname # ...)}}with other values in every row{p_end}
{synopt:{opt at7(varname # ...)}}with other values in every row{p_end}
{synopt:{opt at8(varname # ...)}}with other values in every row{p_end}
{synopt:{opt at9(varname # ...)}}with other values in every row{p_end}

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
{cmd:fedfolder stpm2} fits a flexible parametric model of survival times over
the nodes of a study. No row of data leaves a node: each computes the log
likelihood, its gradient and its Hessian on its own rows, and the sums of
these over all nodes are what is maximized. The estimates are those of
{helpb stpm2} on the pooled rows.{p_end}

{pstd}
{cmd:fedfolder stpm3} is the same with {opt }.{p_end}


{marker options}{...}
{title:Options}

{dlgtab:Model}

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
{opt bhazard(varname)}: the variable with the rate at which everyone is
expected to die at the time of each row, per unit of time. What is modelled is
the excess: survival is relative survival.{p_end}

{phang}
{opt scale(scalename)}: {cmd:hazard}, {cmd:odds} or {cmd:normal}: what the
linear predictor is of the probability of failure.{p_end}

{phang}
{opt df(#)}: knots at centiles of the event times of all nodes, which come
from counts of events in groups of ten or more; the table says where they are,
and how exactly that is known. Boundary knots are the edges of the outermost
groups, not the smallest and largest event time.{p_end}

{phang}
{opt knots(numlist)}: inner knots as times, not as logarithms.{p_end}

{phang}
{opt bknots(numlist)}: boundary knots as times; with {opt knots()} or
{cmd:df(1)}, no event times are asked for.{p_end}

{phang}
{opt noorthog}: coefficients of the splines themselves. Without it, splines
are orthogonalized over the rows of all nodes together, once, by sums of their
products.{p_end}

{dlgtab:Reporting}

{phang}
{opt lrmodel}: a likelihood-ratio test of all terms, against the baseline's
spline alone, which is fitted in the same rounds at as many betas. Not with
{cmd:noconstant} or robust variances.{p_end}

{dlgtab:Model}

{phang}
{opt tvc(termlist)}: variables that are among the terms: {it:x} of a number,
{cmd:i.}{it:g} of a factor, whose levels but the base have a spline each.{p_end}

{phang}
{opt dftvc(df_list)}: as {opt df()}, for each of {opt tvc()}.{p_end}

{phang}
{opt knotstvc(knots_list)}: as {opt knots()}, for each of {opt tvc()}.{p_end}

{phang}
{opt offset(varname)}: a variable that is added to the linear predictor.{p_end}

{phang}
{opt noconstant}: a model without a constant. The centring of the columns is
left out with it.{p_end}

{dlgtab:Averages}

{phang}
{opt standsurv(numlist)}: survival at these times, above zero and at most 50,
averaged over the rows of all nodes, in one more round; as {cmd:standsurv} has
it. {cmd:fedfolder curve} {it:result}{cmd:, standardised} shows it, with
{cmd:contrast(difference)} or {cmd:contrast(ratio)} for what the others differ
by from the first.{p_end}

{phang}
{opt at1(varname # ...)}: what is put in place of variables in every row
before averaging, such as {cmd:at1(stage 1)}; {cmd:at1(.)}, the default,
leaves rows as they are. Interactions and {opt tvc()} follow. Text goes in
quotes.{p_end}

{phang}
{opt at2(varname # ...)}: the same for another average.{p_end}

{phang}
{opt at3(varname # ...)}: the same for another average.{p_end}

{phang}
{opt at4(varname # ...)}: the same for another average.{p_end}

{phang}
{opt at5(varname # ...)}: the same for another average.{p_end}

{phang}
{opt at6(varname # ...)}: the same for another average.{p_end}

{phang}
{opt at7(varname # ...)}: the same for another average.{p_end}

{phang}
{opt at8(varname # ...)}: the same for another average.{p_end}

{phang}
{opt at9(varname # ...)}: the same for another average.{p_end}

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
It is the model of the command {cmd:stpm2} by Lambert and Royston, with its
names and its orthogonalization, over all nodes. {cmd:stpm3} with
{cmd:scale(lncumhazard)}, {cmd:scale(lnodds)} or {cmd:scale(probit)} is taken
for it; coefficients have the names of {cmd:stpm2}.{p_end}

{pstd}
Where neither {opt time()} nor {opt failure()} is given, the data of every
node were {helpb stset}. The log likelihood has the sum of ln(_t) over
failures added, as {cmd:stpm2} reports it.{p_end}

{pstd}
Levels of factor variables are those of all nodes together, and so is the
base, the lowest of them. A row with a missing value in any variable of the
model is left out. See
{help fedfolder_estimation##remarks:fedfolder estimation} for what happens
while a fit waits.{p_end}


{marker examples}{...}
{title:Examples}

{pstd}Proportional hazards, with given knots{p_end}
{phang2}{cmd:. fedfolder stpm2 age i.stage, scale(hazard) knots(1 2.5) bknots(0.1 8) time(years) failure(died) study("C:/studies/lbw")}{p_end}

{pstd}Relative survival, with an effect that varies with time{p_end}
{phang2}{cmd:. fedfolder stpm2 age male, scale(hazard) df(4) bhazard(rate) tvc(male) dftvc(2) time(years) failure(died) study("C:/studies/lbw")}{p_end}

{pstd}Of data that were stset{p_end}
{phang2}{cmd:. fedfolder stpm2 age i.stage, scale(odds) df(3) eform study("C:/studies/lbw")}{p_end}

{pstd}The study named once, the fit shown again{p_end}
{phang2}{cmd:. global FEDFOLDER_STUDY "C:/studies/lbw"}{p_end}
{phang2}{cmd:. fedfolder stpm2 age i.stage, scale(hazard) knots(1 2.5) bknots(0.1 8) time(years) failure(died)}{p_end}
{phang2}{cmd:. fedfolder, level(90)}{p_end}


{marker storedresults}{...}
{title:Stored results}

{pstd}{cmd:fedfolder stpm2} stores the following in {cmd:e()}:{p_end}

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
{synopt:{cmd:e(dead)}}variable of {cmd:failure()}{p_end}
{synopt:{cmd:e(t0)}}variable of {cmd:entry()}{p_end}
{synopt:{cmd:e(scale)}}scale{p_end}
{synopt:{cmd:e(knots)}}knots of the baseline, and {cmd:knots_}{it:name} of each of {cmd:tvc()}{p_end}

{p2col 5 18 22 2: Matrices}{p_end}
{synopt:{cmd:e(b)}}coefficient vector, with base and omitted levels{p_end}
{synopt:{cmd:e(V)}}variance-covariance matrix{p_end}

{p2colreset}{...}
{pstd}
{cmd:predict} gives {cmd:surv} where nothing else is asked for, and has
{cmd:hazard}, {cmd:cumhazard}, {cmd:hr}, {cmd:xb}, {cmd:stdp}, too.{p_end}


{marker alsosee}{...}
{title:Also see}

{psee}Help:  {helpb fedfolder}, {helpb fedfolder_estimation}, {helpb fedfolder_postestimation}{p_end}
