{smcl}
{* *! fedfolder: what all fits have in common}{...}
{vieweralsosee "fedfolder" "help fedfolder"}{...}
{vieweralsosee "after a fit" "help fedfolder_postestimation"}{...}
{viewerjumpto "Syntax" "fedfolder_estimation##syntax"}{...}
{viewerjumpto "Description" "fedfolder_estimation##description"}{...}
{viewerjumpto "Options" "fedfolder_estimation##options"}{...}
{viewerjumpto "Remarks" "fedfolder_estimation##remarks"}{...}
{viewerjumpto "Examples" "fedfolder_estimation##examples"}{...}
{viewerjumpto "Also see" "fedfolder_estimation##alsosee"}{...}
{marker title}{...}
{title:Title}

{p2colset 5 24 26 2}{...}
{p2col:{cmd:fedfolder} {it:model} {hline 2}}What all fits over the nodes of a study have in common{p_end}
{p2colreset}{...}


{marker syntax}{...}
{title:Syntax}

{p 8 12 2}
{cmd:fedfolder} {it:model} {depvar} [{indepvars}] [{cmd:if} {it:exp}] [{it:weight}] [{cmd:,} {it:model_options}
{it:options}]{p_end}

{p 8 12 2}
{cmd:fedfolder} {it:statement}{cmd:;} [{it:statement}{cmd:;} {it:...}] {it:model} {it:...}{p_end}

{synoptset 24 tabbed}{...}
{synopthdr}
{synoptline}
{syntab:Study}
{synopt:{opt study(folder)}}the study's home; default is {cmd:$FEDFOLDER_STUDY}{p_end}
{synopt:{opt again}}ask the nodes anew, even if this fit has ended before{p_end}

{syntab:Waiting}
{synopt:{opt timeout(time)}}wait no longer than this, as {cmd:90s}, {cmd:30m} or {cmd:48h}{p_end}
{synopt:{opt dropafter(time)}}go on without a node that has not answered for this long{p_end}
{synopt:{opt minnodes(#)}}with {cmd:dropafter()}: wait all the same if fewer would be left{p_end}
{synopt:{opt fewtrips}}let questions travel together, where a trip costs more than an answer{p_end}

{syntab:Checks}
{synopt:{opt unitsdiffer}}go on when a variable looks as if it were in other units somewhere{p_end}
{synopt:{opt ownlikelihoods}}go on when a node computes with a likelihood of its own{p_end}

{syntab:Files}
{synopt:{opt json(file)}}write the result, with all its digits{p_end}
{synopt:{opt csv(file)}}write the coefficients as a table{p_end}
{synoptline}
{p2colreset}{...}


{marker description}{...}
{title:Description}

{pstd}
Every {it:model} of {cmd:fedfolder} is fitted in the same way: the server asks, each node answers with sums over its own
rows, and the server adds them. What differs are the likelihood and the {it:model_options}, for which see the help of
the model: {help fedfolder_logit:logit}, {help fedfolder_probit:probit}, {help fedfolder_cloglog:cloglog},
{help fedfolder_regress:regress}, {help fedfolder_poisson:poisson}, {help fedfolder_nbreg:nbreg},
{help fedfolder_glm:glm}, {help fedfolder_mlogit:mlogit}, {help fedfolder_ologit:ologit},
{help fedfolder_oprobit:oprobit}, {help fedfolder_clogit:clogit},
{help fedfolder_stcox:stcox}, {help fedfolder_streg:streg}, {help fedfolder_stpm2:stpm2}.


{marker options}{...}
{title:Options}

{dlgtab:Study}

{phang}
{opt study(folder)} is the home of the study, where its {cmd:study.toml} lies. Where it is left out, the global macro
{cmd:FEDFOLDER_STUDY} names it.{p_end}

{phang}
{opt again} asks the nodes anew. Without it, a fit that has ended is shown again from the journal, and one that was
stopped goes on where it was.{p_end}

{dlgtab:Waiting}

{phang}
{opt timeout(time)} ends the waiting after {it:time}, with r(498); {cmd:timeout(0)}, the default, waits for ever.
{it:time} is a number and a letter: {cmd:90s}, {cmd:30m}, {cmd:48h}, {cmd:2d}.{p_end}

{phang}
{opt dropafter(time)} begins the fit anew without a node that has not answered for {it:time}. Its own answer, when it
comes, is set aside, and the next fit has it again.{p_end}

{phang}
{opt minnodes(#)} goes with {opt dropafter()}: if fewer than {it:#} nodes would be left, the fit waits all the same. The
default is 3.{p_end}

{phang}
{opt fewtrips} is for messages that go by stick: sites whose policy allows it send their own estimates to begin with, and the
last step is taken without asking once it is proven. Levels of factors are taken from the study's dictionary. The answer is
the same.{p_end}

{dlgtab:Checks}

{phang}
{opt unitsdiffer} goes on where a variable of one site looks as if it were ten times, or a hundred times, that of the
others.{p_end}

{phang}
{opt ownlikelihoods} goes on where a node says that it computes with a likelihood of its own, in the place of the
model's; see {help fedfolder_node}.{p_end}

{dlgtab:Files}

{phang}
{opt json(file)} writes the result with all its digits; {cmd:fedfolder estimates show} and the commands beside it read
that.{p_end}

{phang}
{opt csv(file)} writes a row for each coefficient.{p_end}


{marker remarks}{...}
{title:Remarks}

{pstd}
{ul:While it waits.} A line says what is asked, and which node has answered. The custodian of each node decides first,
so a first fit may take days; Stata can be closed, and the same line goes on where it was. Break does the same.

{pstd}
{ul:Terms.} {cmd:x} and {cmd:c.x} are a number, {cmd:i.g} is a category, {cmd:ib2.g} one with another base, {cmd:a#b} an
interaction, {cmd:a##b} one with its main effects. The levels are those of all nodes together. Variables exist at the
nodes; the data in Stata's memory are neither read nor changed.

{pstd}
{ul:if.} A missing value is larger than any number, as in Stata: {cmd:if age>=50} holds where age is missing. {cmd:in},
{cmd:by:}, wildcards and time-series operators have no meaning over many sites and are refused.

{pstd}
{ul:Derived variables} are part of the command, so that every site makes them alike. Each ends with a semicolon:
{cmd:generate}, {cmd:egen} with {cmd:cut()}, {cmd:recode}, and {cmd:mkspline} with knots that are given.

{pstd}
{ul:The same digits.} The same split of the data gives the same bits, whatever the order of arrival; the difference to
the pooled fit is below 1e-12 of max(|b|, se).


{marker examples}{...}
{title:Examples}

{pstd}Wait an hour, and see{p_end}
{phang2}{cmd:. fedfolder logit low age i.race smoke, study("C:/studies/lbw") timeout(1h)}{p_end}

{pstd}Go on without a node after two days, if three are left{p_end}
{phang2}{cmd:. fedfolder logit low age i.race smoke, study("C:/studies/lbw") dropafter(48h) minnodes(3)}{p_end}

{pstd}A derived variable{p_end}
{phang2}{cmd:. fedfolder generate lnlwt = ln(lwt); logit low lnlwt i.race smoke, study("C:/studies/lbw")}{p_end}

{pstd}In a do-file{p_end}
{phang2}{cmd:. capture noisily fedfolder logit low age smoke, study("C:/studies/lbw") timeout(1h)}{p_end}
{phang2}{cmd:. if _rc == 498 display "not yet"}{p_end}


{marker alsosee}{...}
{title:Also see}

{psee}Help:  {helpb fedfolder}, {helpb fedfolder_postestimation}, {helpb fvvarlist}, {helpb weight}{p_end}
