{smcl}
{* *! fedfolder: what can be done after a fit}{...}
{vieweralsosee "fedfolder" "help fedfolder"}{...}
{vieweralsosee "options of every fit" "help fedfolder_estimation"}{...}
{viewerjumpto "Syntax" "fedfolder_postestimation##syntax"}{...}
{viewerjumpto "Description" "fedfolder_postestimation##description"}{...}
{viewerjumpto "Options" "fedfolder_postestimation##options"}{...}
{viewerjumpto "Remarks" "fedfolder_postestimation##remarks"}{...}
{viewerjumpto "Examples" "fedfolder_postestimation##examples"}{...}
{viewerjumpto "Also see" "fedfolder_postestimation##alsosee"}{...}
{marker title}{...}
{title:Title}

{p2colset 5 33 35 2}{...}
{p2col:{cmd:fedfolder postestimation} {hline 2}}Tests, combinations and predictions after a fit{p_end}
{p2colreset}{...}


{marker syntax}{...}
{title:Syntax}

{p 8 12 2}
{cmd:fedfolder} [{cmd:,} {it:display_options}]{p_end}

{p 8 12 2}
{cmd:predict} {it:newvars} [{cmd:if}] [{cmd:in}] [{cmd:,} {it:statistic} {opt nooff:set} {opt o:utcome(level)}]{p_end}

{synoptset 20 tabbed}{...}
{synopthdr:display_options}
{synoptline}
{synopt:{opt level(#)}}set confidence level; default is {cmd:level(95)}{p_end}
{synopt:{opt or}, {opt irr}, {opt rrr}, {opt tr}, {opt eform}}exponentiated coefficients, as the model has them{p_end}
{synopt:{opt nohr}}coefficients in the place of hazard ratios{p_end}
{synopt:{opt details}}the nodes with their rows, the rounds and what was left out{p_end}
{synoptline}
{p2colreset}{...}

{synoptset 20 tabbed}{...}
{synopthdr:statistic}
{synoptline}
{synopt:{opt p:r}}probability of a positive outcome, or of each outcome{p_end}
{synopt:{opt n}}number of events{p_end}
{synopt:{opt ir}}incidence rate: number of events at an exposure of 1{p_end}
{synopt:{opt mu}}mean{p_end}
{synopt:{opt xb}}linear predictor{p_end}
{synopt:{opt stdp}}standard error of the linear predictor{p_end}
{synopt:{opt pc1}}probability, given that there is one positive outcome in its set{p_end}
{synopt:{opt pu0}}probability at a fixed effect of zero{p_end}
{synopt:{opt med:ian}}median survival time{p_end}
{synopt:{opt hr}}hazard ratio{p_end}
{synopt:{opt surv}}survival up to the time of the row, from its entry on{p_end}
{synopt:{opt haz:ard}}hazard at the time of the row{p_end}
{synopt:{opt cumh:azard}}cumulative hazard at the time of the row{p_end}
{synoptline}
{p2colreset}{...}
{p 4 6 2}
Which of them a model has, and its default, stands at the end of the help of that model.{p_end}


{marker description}{...}
{title:Description}

{pstd}
The results of a fit are in {cmd:e()}, with the names that Stata gives: {cmd:1b.race} for a base level, {cmd:o.age} for
what was omitted, {cmd:1.smoke#c.age} for an interaction. These commands of Stata work from there:

{synoptset 20 tabbed}{...}
{p2col 5 20 24 2: Command}Description{p_end}
{synopt:{helpb test}, {helpb testparm}}Wald tests of hypotheses{p_end}
{synopt:{helpb lincom}}linear combinations of coefficients{p_end}
{synopt:{helpb nlcom}}nonlinear combinations of coefficients{p_end}
{synopt:{helpb predict}}predictions for the data in memory{p_end}
{synopt:{helpb estimates}}{cmd:estimates store}, {cmd:restore}, {cmd:replay}, {cmd:table}{p_end}
{synopt:{helpb estat_ic:estat ic}}Akaike's and the Bayesian information criterion{p_end}
{synopt:{helpb lrtest}}likelihood-ratio tests of two stored fits{p_end}
{p2colreset}{...}


{marker options}{...}
{title:Options}

{phang}
{opt level(#)}, {opt or}, {opt irr}, {opt rrr}, {opt tr}, {opt nohr} and {opt eform} show the table as these options of the
model do.{p_end}

{phang}
{opt details} shows what a new fit shows, too: the nodes with their rows, and how many rounds there were.{p_end}

{phang}
{opt nooffset} leaves out offset and exposure.{p_end}

{phang}
{opt outcome(level)} is for a model of several outcomes: the one whose probability, or linear predictor, is wanted.
Without it, as many {it:newvars} as there are outcomes take the probability of each.{p_end}


{marker remarks}{...}
{title:Remarks}

{pstd}
{cmd:predict} works on the data in Stata's memory, such as a site's own, which need the variables of the model under
their names. Derived variables are made as in the command of the fit. A row with a level that the fit has not seen is
given a missing value.

{pstd}
{cmd:e(sample)} is 0 everywhere: the rows of the fit are at the nodes. {helpb margins} and whatever else needs these rows
does not work here.


{marker examples}{...}
{title:Examples}

{pstd}Tests and combinations{p_end}
{phang2}{cmd:. fedfolder logit low age lwt i.race smoke, study("C:/studies/lbw")}{p_end}
{phang2}{cmd:. test 2.race 3.race}{p_end}
{phang2}{cmd:. testparm i.race}{p_end}
{phang2}{cmd:. lincom 2.race - 3.race, or}{p_end}
{phang2}{cmd:. nlcom _b[age]/_b[smoke]}{p_end}

{pstd}The table again, with odds ratios{p_end}
{phang2}{cmd:. fedfolder, or level(90)}{p_end}

{pstd}Two fits side by side{p_end}
{phang2}{cmd:. estimates store full}{p_end}
{phang2}{cmd:. fedfolder logit low age lwt smoke, study("C:/studies/lbw")}{p_end}
{phang2}{cmd:. estimates store small}{p_end}
{phang2}{cmd:. estimates table full small, se stats(N ll)}{p_end}
{phang2}{cmd:. lrtest full small}{p_end}

{pstd}Risks of one's own patients{p_end}
{phang2}{cmd:. use "C:/registry/births.dta", clear}{p_end}
{phang2}{cmd:. predict risk}{p_end}
{phang2}{cmd:. predict eta, xb}{p_end}


{marker alsosee}{...}
{title:Also see}

{psee}Help:  {helpb fedfolder}, {helpb fedfolder_estimation}, {helpb test}, {helpb lincom}, {helpb predict}{p_end}
