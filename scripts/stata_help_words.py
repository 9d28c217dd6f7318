"""What Stata's help says of each model and each option, in words; the lists themselves come from the registry."""

from __future__ import annotations

from dataclasses import dataclass

STUDY = 'study("C:/studies/lbw")'


@dataclass(frozen=True, slots=True)
class Words:
    """What a page says of a model, beyond what the registry knows.

    Parameters
    ----------
    fits : str
        What it fits, after its name and before a full stop.
    examples : tuple of (str, str)
        What each is for, and the command without the study.
    results : tuple of (str, str)
        Results in e() that other models do not have.
    remark : tuple of str
        Paragraphs of its own.
    needs : str
        Options without which it is none, as in its syntax.
    """

    fits: str
    examples: tuple[tuple[str, str], ...]
    results: tuple[tuple[str, str], ...] = ()
    remark: tuple[str, ...] = ()
    needs: str = ""


PERFECT = (
    "A 0/1 column that predicts the outcome perfectly over all nodes together is left out with its rows, and a note "
    "says so, as {helpb logit} does."
)
RANDOM = (
    ("scalar ll_c", "log likelihood of the model without its random intercept"),
    ("scalar chi2_c", "likelihood-ratio test against it"),
    ("scalar p_c", "p-value of that test"),
    ("macro group", "variable with a random intercept"),
)
INTERCEPTS = (
    (
        "The parameter in {cmd:e(b)} is the standard deviation, {cmd:/sd}, where Stata's own command has the variance. "
        "The table shows the variance."
    ),
    (
        "All rows of a value of {it:varname} lie within one node: a value that two sites have counts as two. "
        "{cmd:_node} is the site itself. Predictions are at a random intercept of zero."
    ),
)
CUTS = (
    "The cutpoints are named {cmd:/cut1}, {cmd:/cut2}, and so on. The levels of the outcome are those of all nodes "
    "together, in the order of their numbers."
)

MODELS = {
    "logit": Words(
        "a logistic regression of a 0/1 outcome",
        (
            ("Logistic regression of low birth weight", "logit low age lwt i.race smoke"),
            ("The same, with odds ratios in the table", "logit low age lwt i.race smoke, or"),
            (
                "An interaction, and variances that allow for clusters",
                "logit low c.age##i.smoke, vce(cluster hospital)",
            ),
        ),
        remark=(PERFECT,),
    ),
    "probit": Words(
        "a probit regression of a 0/1 outcome",
        (
            ("Probit regression of low birth weight", "probit low age lwt i.race smoke"),
            ("Mothers under 40, with robust variances", "probit low age i.race if age<40, vce(robust)"),
        ),
        remark=(PERFECT,),
    ),
    "cloglog": Words(
        "a complementary log-log regression of a 0/1 outcome",
        (
            ("Complementary log-log regression", "cloglog low age lwt i.race smoke"),
            ("Hazard ratios from grouped survival times", "cloglog died i.interval age i.stage, eform"),
        ),
        remark=(PERFECT,),
    ),
    "regress": Words(
        "a linear regression",
        (
            ("Linear regression of birth weight in grams", "regress bwt age i.race smoke"),
            ("With robust variances", "regress bwt age i.race smoke, vce(robust)"),
            ("Means per cell, each weighted with how many it is of", "regress mbwt age i.race [aw=n]"),
        ),
        results=(
            ("scalar mss", "model sum of squares"),
            ("scalar rss", "residual sum of squares"),
            ("scalar r2", "R-squared"),
            ("scalar r2_a", "adjusted R-squared"),
            ("scalar F", "F statistic"),
            ("scalar rmse", "root mean squared error"),
            ("scalar df_r", "residual degrees of freedom"),
        ),
    ),
    "poisson": Words(
        "a Poisson regression of counts or rates",
        (
            ("Death rates by age and sex, as rate ratios", "poisson deaths i.agegrp i.sex, exposure(pyears) irr"),
            ("The logarithm of person-years as a variable of its own", "poisson deaths i.agegrp, offset(lnpyears)"),
        ),
    ),
    "nbreg": Words(
        "a negative binomial regression of counts, with dispersion a function of the mean",
        (
            ("Counts that vary more than Poisson's", "nbreg visits age i.sex"),
            ("Rates, as rate ratios", "nbreg deaths i.agegrp i.sex, exposure(pyears) irr"),
        ),
        results=(("scalar alpha", "value of alpha"), ("scalar ll_c", "log likelihood, comparison model")),
        remark=("The dispersion is reported as {cmd:/lnalpha}, and below the table as alpha.",),
    ),
    "glm": Words(
        "a generalized linear model by maximum likelihood",
        (
            ("Risk ratios", "glm low age i.race smoke, family(binomial) link(log) eform"),
            ("Successes out of so many trials", "glm killed dose, family(binomial n) link(cloglog)"),
            ("Costs, with a logarithmic link", "glm cost age i.stage, family(gamma) link(log) eform"),
            (
                "Excess mortality: link(rs) adds the expected deaths of each row",
                "glm deaths i.fu i.agegrp, family(poisson) link(rs expected) lnoffset(risktime)",
            ),
        ),
        results=(
            ("scalar deviance", "deviance"),
            ("scalar deviance_p", "Pearson deviance"),
            ("scalar dispers", "deviance divided by its degrees of freedom"),
            ("scalar dispers_p", "Pearson deviance divided by its degrees of freedom"),
            ("scalar aic", "model AIC"),
            ("scalar bic", "model BIC"),
        ),
        remark=("Where {opt link()} is left out, it is the canonical link of the family.",),
    ),
    "mlogit": Words(
        "a multinomial (polytomous) logistic regression",
        (
            ("Which treatment was chosen", "mlogit treatment age i.stage"),
            ("Relative-risk ratios against the second level", "mlogit treatment age i.stage, baseoutcome(2) rrr"),
        ),
        results=(
            ("scalar k_out", "number of outcomes"),
            ("scalar baseout", "the value of the base outcome"),
            ("scalar ibaseout", "its place among the outcomes"),
            ("macro eqnames", "names of the equations"),
        ),
        remark=(
            (
                "Each level of the outcome but the base has an equation of its own. Without {opt baseoutcome()} the "
                "base is the level that most rows have over all nodes together."
            ),
        ),
    ),
    "ologit": Words(
        "an ordered logistic regression",
        (
            ("Stage at diagnosis", "ologit stage age i.sex i.region"),
            ("The same, with odds ratios", "ologit stage age i.sex i.region, or"),
        ),
        results=(("scalar k_cat", "number of categories"),),
        remark=(CUTS,),
    ),
    "oprobit": Words(
        "an ordered probit regression",
        (("Stage at diagnosis", "oprobit stage age i.sex i.region"),),
        results=(("scalar k_cat", "number of categories"),),
        remark=(CUTS,),
    ),
    "clogit": Words(
        "a conditional logistic regression of matched sets",
        (
            ("Cases and their controls", "clogit low lwt smoke i.race, group(pairid)"),
            ("The same, with odds ratios", "clogit low lwt smoke i.race, group(pairid) or"),
        ),
        results=(("macro group", "name of the variable in {cmd:group()}"),),
        remark=("A matched set lies within one node: a set whose rows are at two sites counts as two sets.",),
        needs="group(varname)",
    ),
    "stcox": Words(
        "Cox's proportional hazards model",
        (
            ("Data that were stset, with baseline hazards of each node", "stcox age i.stage, strata(_node)"),
            (
                "Efron's way with ties, late entry, and strata of sex within nodes",
                "stcox age i.stage, strata(_node sex) efron time(years) failure(died) entry(since)",
            ),
            (
                "One baseline hazard for all nodes, in months, where every node allows it",
                "stcox age i.stage, time(months) failure(died) grid(1)",
            ),
        ),
        results=(
            ("scalar N_fail", "number of failures"),
            ("scalar risk", "total time at risk"),
            ("scalar phtest_chi2", "chi-squared of {cmd:phtest()}"),
            ("scalar phtest_df", "its degrees of freedom"),
            ("scalar phtest_p", "its p-value"),
            ("macro ties", "{cmd:breslow} or {cmd:efron}"),
            ("macro strata", "variables of {cmd:strata()}"),
            ("macro t0", "variable of {cmd:entry()}"),
        ),
        remark=(
            (
                "With {cmd:strata(_node)} each node has baseline hazards of its own, and gives its log partial "
                "likelihood with its derivatives, as in other models. Without it, baseline hazards are common to all "
                "nodes, and each gives sums over those at risk at every failure time: much nearer to single persons, "
                "and only where the policy of every node lets that leave."
            ),
            (
                "Where neither {opt time()} nor {opt failure()} is given, the data of every node were {helpb stset}. "
                "With {cmd:efron}, weights are those of R's survival; {helpb stcox} takes none there."
            ),
        ),
        needs="",
    ),
    "streg": Words(
        "a parametric model of survival times",
        (
            ("A Weibull model of data that were stset, as hazard ratios", "streg age i.stage, distribution(weibull)"),
            (
                "Attained age as the time scale, from entry on, without stset",
                "streg i.sex i.stage, distribution(gompertz) time(exitage) failure(died) entry(entryage)",
            ),
            ("Time ratios", "streg age i.stage, distribution(lognormal) time(years) failure(died) tr"),
        ),
        results=(
            ("scalar N_fail", "number of failures"),
            ("scalar risk", "total time at risk"),
            ("scalar aux_p", "p, with {cmd:distribution(weibull)}"),
            ("scalar gamma", "gamma, with {cmd:distribution(gompertz)} and {cmd:distribution(loglogistic)}"),
            ("scalar sigma", "sigma, with {cmd:distribution(lognormal)}"),
            ("macro dead", "variable of {cmd:failure()}"),
            ("macro t0", "variable of {cmd:entry()}"),
            ("macro distribution", "distribution"),
            ("macro frm2", "{cmd:hazard} or {cmd:time}"),
        ),
        remark=(
            (
                "Where neither {opt time()} nor {opt failure()} is given, the data of every node were {helpb stset}. "
                "The command that custodians read then says {cmd:if _st==1} and {cmd:time(_t) failure(_d) entry(_t0)}."
            ),
            (
                "The log likelihood has the sum of ln(_t) over failures added, as {helpb streg} reports it. A row that "
                "ends where it begins, or before, is an error here, where {cmd:stset} leaves it out."
            ),
        ),
        needs="distribution(distname)",
    ),
    "stpm2": Words(
        "a flexible parametric model of survival times",
        (
            (
                "Proportional hazards, with given knots",
                "stpm2 age i.stage, scale(hazard) knots(1 2.5) bknots(0.1 8) time(years) failure(died)",
            ),
            (
                "Relative survival, with an effect that varies with time",
                "stpm2 age male, scale(hazard) df(4) bhazard(rate) tvc(male) dftvc(2) time(years) failure(died)",
            ),
            ("Of data that were stset", "stpm2 age i.stage, scale(odds) df(3) eform"),
        ),
        results=(
            ("scalar N_fail", "number of failures"),
            ("scalar risk", "total time at risk"),
            ("macro dead", "variable of {cmd:failure()}"),
            ("macro t0", "variable of {cmd:entry()}"),
            ("macro scale", "scale"),
            ("macro knots", "knots of the baseline, and {cmd:knots_}{it:name} of each of {cmd:tvc()}"),
        ),
        remark=(
            (
                "It is the model of the command {cmd:stpm2} by Lambert and Royston, with its names and its "
                "orthogonalization, over all nodes. {cmd:stpm3} with {cmd:scale(lncumhazard)}, {cmd:scale(lnodds)} or "
                "{cmd:scale(probit)} is taken for it; coefficients have the names of {cmd:stpm2}."
            ),
            (
                "Where neither {opt time()} nor {opt failure()} is given, the data of every node were {helpb stset}. "
                "The log likelihood has the sum of ln(_t) over failures added, as {cmd:stpm2} reports it."
            ),
        ),
        needs="scale(scalename)",
    ),
    "melogit": Words(
        "a logistic regression with a random intercept",
        (
            ("Hospitals within sites", "melogit died age i.stage || hospital:"),
            ("The sites themselves, with odds ratios", "melogit died age i.stage || _node:, or"),
            ("Shares of so many, with 25 points", "melogit incidence i.period || herd:, binomial(size) intpoints(25)"),
        ),
        results=(*RANDOM, ("scalar icc", "residual intraclass correlation")),
        remark=INTERCEPTS,
    ),
    "mepoisson": Words(
        "a Poisson regression with a random intercept",
        (
            (
                "Rates, with an intercept of each district",
                "mepoisson deaths i.agegrp i.sex || district:, exposure(pyears) irr",
            ),
        ),
        results=RANDOM,
        remark=INTERCEPTS,
    ),
    "mestreg": Words(
        "a parametric model of hazards with a random intercept",
        (
            (
                "A Weibull model of data that were stset, with an intercept of each hospital",
                "mestreg age i.stage || hospital:, distribution(weibull)",
            ),
        ),
        results=(*RANDOM, ("scalar N_fail", "number of failures"), ("scalar risk", "total time at risk")),
        remark=INTERCEPTS,
        needs="distribution(distname)",
    ),
}
"""The words of each model."""

OPTIONS = {
    "family": ("Model", "familyname", "distribution of the outcome; default is {cmd:family(gaussian)}"),
    "link": ("Model", "linkname", "link function; default is the canonical link of the family"),
    "group": ("Model", "varname", "variable that says which rows are matched; required"),
    "strata": ("Model", "varname", "the same as {cmd:group()}"),
    "stcox strata": ("Model", "varnames", "strata with a baseline hazard each; {cmd:_node} for each node's own"),
    "grid": ("Model", "#", "round the times of a common baseline hazard up to multiples of {it:#}"),
    "phtest": ("Model", "log|time|rank|km", "test proportional hazards against a change with time"),
    "basesurv": ("Model", "numlist", "baseline survival at these times"),
    "breslow": ("Model", "", "Breslow's way with tied failures; the default"),
    "efron": ("Model", "", "Efron's way with tied failures"),
    "distribution": ("Model", "distname", "distribution of survival times; required"),
    "time": ("Model", "varname", "when a row ends; without an argument, the same as {cmd:aft}"),
    "failure": ("Model", "varname", "whether a row ends with a failure: 0 for no"),
    "entry": ("Model", "varname", "when a row begins to be at risk; default is 0"),
    "id": ("Model", "varname", "whose each row is: persons are counted, and robust variances are by them"),
    "aft": ("Model", "", "accelerated failure-time metric"),
    "baseoutcome": ("Model", "#", "level of the outcome that is the base; text in quotes"),
    "binomial": ("Model", "#|varname", "number of trials; default is one"),
    "intpoints": ("Integration", "#", "points of the quadrature; default is {cmd:intpoints(7)}"),
    "intmethod": ("Integration", "mcaghermite", "how points are placed; there is one way"),
    "offset": ("Model", "varname", "include {it:varname} in the model with a coefficient of 1"),
    "exposure": ("Model", "varname", "include ln({it:varname}) in the model with a coefficient of 1"),
    "lnoffset": ("Model", "varname", "the same as {cmd:exposure()}"),
    "bhazard": ("Model", "varname", "expected rate at the time of each row; the excess is modelled"),
    "scale": ("Model", "scalename", "scale of the linear predictor; required"),
    "df": ("Model", "#", "columns of the baseline's spline, with knots at centiles of the event times"),
    "knots": ("Model", "numlist", "times of the inner knots, in the place of {cmd:df()}"),
    "bknots": ("Model", "numlist", "times of the two boundary knots"),
    "noorthog": ("Model", "", "splines as they are, not orthogonalized"),
    "lrmodel": ("Reporting", "", "likelihood-ratio model test instead of the default Wald test"),
    "tvc": ("Model", "termlist", "terms whose effect varies with time"),
    "dftvc": ("Model", "df_list", "columns of their splines: one number, or {it:varname}{cmd::} {it:#} ..."),
    "knotstvc": ("Model", "knots_list", "their inner knots: {it:varname}{cmd::} {it:numlist} ..."),
    "standsurv": ("Averages", "numlist", "survival at these times, averaged over all rows of all nodes"),
    "at1": ("Averages", "varname # ...", "with these values in every row; {cmd:.} for rows as they are"),
    **{f"at{k}": ("Averages", "varname # ...", "with other values in every row") for k in range(2, 10)},
    "noconstant": ("Model", "", "leave out the constant"),
    "vce": (
        "SE/Robust",
        "vcetype",
        (
            "{it:vcetype} is {cmd:oim}, {cmd:robust}, {cmd:cluster} {it:varname} or "
            "{cmd:cluster} {it:varname}{cmd:, across}"
        ),
    ),
    "robust": ("SE/Robust", "", "the same as {cmd:vce(robust)}"),
    "cluster": ("SE/Robust", "varname", "the same as {cmd:vce(cluster} {it:varname}{cmd:)}"),
    "level": ("Reporting", "#", "set confidence level; default is {cmd:level(95)}"),
    "or": ("Reporting", "", "report odds ratios"),
    "irr": ("Reporting", "", "report incidence-rate ratios"),
    "rrr": ("Reporting", "", "report relative-risk ratios"),
    "nohr": ("Reporting", "", "report coefficients, not hazard ratios"),
    "tr": ("Reporting", "", "report time ratios"),
    "tratio": ("Reporting", "", "the same as {cmd:tr}"),
    "eform": ("Reporting", "", "report exponentiated coefficients"),
}
"""Of each option: its heading in the table, what its argument is called, and what it does."""

LONGER = {
    "family": "the distribution of the outcome: {cmd:gaussian}, {cmd:igaussian}, {cmd:binomial}, {cmd:binomial} "
    "{it:varname} or {cmd:binomial} {it:#} (the number of trials), {cmd:poisson} or {cmd:gamma}.",
    "link": "the link function: {cmd:identity}, {cmd:log}, {cmd:logit}, {cmd:probit}, {cmd:cloglog}, {cmd:power -1}, "
    "{cmd:power -2}, or {cmd:rs} {it:varname} for excess mortality, where {it:varname} holds the expected events.",
    "group": "the variable whose values name the matched sets.",
    "strata": "another word for {opt group()}.",
    "stcox strata": "up to five variables whose values make strata with a baseline hazard each. {cmd:_node} among them "
    "stands for the node: no failure times leave it then.",
    "grid": "times and entries are rounded up to multiples of {it:#} before anything is computed, where baseline "
    "hazards are common to all nodes. The estimates are those of the rounded times.",
    "phtest": "a score test of coefficients that change with time ({cmd:time}), its logarithm ({cmd:log}), the rank of "
    "failure times ({cmd:rank}) or one minus the Kaplan-Meier estimate ({cmd:km}), in one more round. With "
    "{cmd:strata(_node)} the last two are of each node's strata.",
    "basesurv": "survival at these times with zero in all terms, by Breslow's estimator, for each stratum. With "
    "{cmd:strata(_node)} it is each node's own, which its policy has to allow.",
    "breslow": "holds each of several failures at one time against all who were at risk.",
    "efron": "holds the first of {it:d} failures at one time against all who were at risk, the next against all but "
    "one in {it:d} of those who failed, and so on.",
    "distribution": "the distribution: {cmd:exponential}, {cmd:weibull} or {cmd:gompertz}, which are models of "
    "hazards, and {cmd:loglogistic} or {cmd:lognormal}, which are models of time.",
    "time": "the variable with the time at which a row ends, above zero. Stata's {cmd:time} without an argument is "
    "{opt aft}.",
    "failure": "the variable that says whether a row ends with a failure; every value but 0 does.",
    "entry": "the variable with the time at which a row comes under observation (delayed entry, or a later row of the "
    "same subject). What is fitted is conditional on survival up to there.",
    "id": "the variable that says whose each row is. The table then has the number of subjects, {cmd:vce(robust)} is "
    "by persons, and sites count persons instead of rows.",
    "aft": "makes {cmd:distribution(exponential)} and {cmd:distribution(weibull)} models of time.",
    "baseoutcome": "the level of the outcome that the others are compared with.",
    "binomial": "the number of trials of every row, or the variable that holds it.",
    "intpoints": "the points of the adaptive Gauss-Hermite quadrature, from 1 (Laplace's approximation) to 100.",
    "intmethod": "points are placed about the mode by the curvature there, which is {helpb melogit}'s "
    "{cmd:intmethod(mcaghermite)}. Its default, {cmd:mvaghermite}, differs where points are few.",
    "offset": "a variable that is added to the linear predictor.",
    "exposure": "a variable whose logarithm is added to the linear predictor, such as person-years.",
    "lnoffset": "another word for {opt exposure()}.",
    "bhazard": "the variable with the rate at which everyone is expected to die at the time of each row, per unit of "
    "time. What is modelled is the excess: survival is relative survival.",
    "scale": "{cmd:hazard}, {cmd:odds} or {cmd:normal}: what the linear predictor is of the probability of failure.",
    "df": "knots at centiles of the event times of all nodes, which come from counts of events in groups of ten or "
    "more; the table says where they are, and how exactly that is known. Boundary knots are the edges of the outermost "
    "groups, not the smallest and largest event time.",
    "knots": "inner knots as times, not as logarithms.",
    "bknots": "boundary knots as times; with {opt knots()} or {cmd:df(1)}, no event times are asked for.",
    "noorthog": "coefficients of the splines themselves. Without it, splines are orthogonalized over the rows of all "
    "nodes together, once, by sums of their products.",
    "lrmodel": "a likelihood-ratio test of all terms, against the baseline's spline alone, which is fitted in the same "
    "rounds at as many betas. Not with {cmd:noconstant} or robust variances.",
    "tvc": "variables that are among the terms: {it:x} of a number, {cmd:i.}{it:g} of a factor, whose levels but the "
    "base have a spline each.",
    "dftvc": "as {opt df()}, for each of {opt tvc()}.",
    "knotstvc": "as {opt knots()}, for each of {opt tvc()}.",
    "standsurv": "survival at these times, above zero and at most 50, averaged over the rows of all nodes, in one more "
    "round; as {cmd:standsurv} has it. {cmd:fedfolder curve} {it:result}{cmd:, standardised} shows it, with "
    "{cmd:contrast(difference)} or {cmd:contrast(ratio)} for what the others differ by from the first.",
    "at1": "what is put in place of variables in every row before averaging, such as {cmd:at1(stage 1)}; "
    "{cmd:at1(.)}, the default, leaves rows as they are. Interactions and {opt tvc()} follow. Text goes in quotes.",
    **{f"at{k}": "the same for another average." for k in range(2, 10)},
    "noconstant": "a model without a constant. The centring of the columns is left out with it.",
    "vce": "how the variances are estimated; {cmd:oim} is the default. Where clusters lie at several nodes, say "
    "{cmd:vce(cluster} {it:varname}{cmd:, across)}: the nodes then give the sums of each cluster, which their policy "
    "has to allow.",
    "robust": "another word for {cmd:vce(robust)}.",
    "cluster": "another word for {cmd:vce(cluster} {it:varname}{cmd:)}.",
    "level": "percent of the confidence intervals, from 10 to 99.99.",
    "or": "a table of odds ratios, exp(b); e() holds the coefficients all the same.",
    "irr": "a table of incidence-rate ratios, exp(b); e() holds the coefficients all the same.",
    "rrr": "a table of relative-risk ratios, exp(b); e() holds the coefficients all the same.",
    "nohr": "a table of coefficients in the place of hazard ratios; e() holds coefficients either way.",
    "tr": "a table of time ratios, exp(b), after models of time.",
    "tratio": "another word for {opt tr}.",
    "eform": "a table of exponentiated coefficients, under the name that they have in this model.",
}
"""What the section on options says, after the option's name."""

SHARED_RESULTS = (
    ("scalar N", "number of observations, over all nodes"),
    ("scalar ll", "log likelihood"),
    ("scalar ll_0", "log likelihood, constant-only model"),
    ("scalar df_m", "model degrees of freedom"),
    ("scalar chi2", "chi-squared of the model, where there is one"),
    ("scalar p", "its p-value"),
    ("scalar N_clust", "number of clusters, with {cmd:vce(cluster)}"),
    ("scalar rank", "rank of {cmd:e(V)}"),
    ("macro cmd", "{cmd:fedfolder}"),
    ("macro model", "name of the model"),
    ("macro cmdline", "command as typed"),
    ("macro depvar", "name of the outcome"),
    ("macro title", "title in the output"),
    ("macro study", "home of the study"),
    ("macro nodes", "names of the nodes that took part"),
    ("macro without", "names of the nodes that were left out"),
    ("macro vce", "{it:vcetype}"),
    ("macro predict", "{cmd:fedfolder_p}"),
    ("matrix b", "coefficient vector, with base and omitted levels"),
    ("matrix V", "variance-covariance matrix"),
)
"""What e() holds after every model."""
