{smcl}
{* *! fedfolder: the overview}{...}
{vieweralsosee "options of every fit" "help fedfolder_estimation"}{...}
{vieweralsosee "all commands" "help fedfolder_commands"}{...}
{vieweralsosee "after a fit" "help fedfolder_postestimation"}{...}
{vieweralsosee "ml over the nodes" "help fedfolder_d2"}{...}
{vieweralsosee "a node" "help fedfolder_node"}{...}
{vieweralsosee "setup" "help fedfolder_setup"}{...}
{viewerjumpto "Syntax" "fedfolder##syntax"}{...}
{viewerjumpto "Description" "fedfolder##description"}{...}
{viewerjumpto "Options" "fedfolder##options"}{...}
{viewerjumpto "Remarks" "fedfolder##remarks"}{...}
{viewerjumpto "Examples" "fedfolder##examples"}{...}
{viewerjumpto "Also see" "fedfolder##alsosee"}{...}
{marker title}{...}
{title:Title}

{p2colset 5 18 20 2}{...}
{p2col:{cmd:fedfolder} {hline 2}}One regression over many registries, through a shared folder{p_end}
{p2colreset}{...}


{marker syntax}{...}
{title:Syntax}

{pstd}A regression over all nodes of a study{p_end}

{p 8 12 2}
{cmd:fedfolder} {it:model} {depvar} [{indepvars}] [{cmd:if} {it:exp}] [{it:weight}] [{cmd:,} {it:options}]{p_end}

{pstd}The results of the last one again{p_end}

{p 8 12 2}
{cmd:fedfolder} [{cmd:,} {it:options}]{p_end}

{pstd}A fit that {cmd:ml} drives{p_end}

{p 8 12 2}
{cmd:fedfolder stub} {it:model} {depvar} [{indepvars}] [{cmd:if} {it:exp}] [{it:weight}] [{cmd:,} {it:options}]{p_end}

{p 8 12 2}
{cmd:fedfolder close}{p_end}

{pstd}What {cmd:fedfolder} does in a terminal, with options as in Stata{p_end}

{p 8 12 2}
{cmd:fedfolder} {it:command} [{it:arguments}] [{cmd:,} {it:options}]{p_end}

{pstd}Stata and Python{p_end}

{p 8 12 2}
{cmd:fedfolder doctor}{p_end}

{p 8 12 2}
{cmd:fedfolder setup} [{cmd:,} {opt python(path)}]{p_end}

{synoptset 24 tabbed}{...}
{synopthdr:model}
{synoptline}
{synopt:{help fedfolder_logit:logit}, {help fedfolder_logit:logistic}}logistic regression{p_end}
{synopt:{help fedfolder_probit:probit}}probit regression{p_end}
{synopt:{help fedfolder_cloglog:cloglog}}complementary log-log regression{p_end}
{synopt:{help fedfolder_regress:regress}}linear regression{p_end}
{synopt:{help fedfolder_poisson:poisson}}Poisson regression{p_end}
{synopt:{help fedfolder_nbreg:nbreg}}negative binomial regression{p_end}
{synopt:{help fedfolder_glm:glm}}generalized linear models, excess mortality{p_end}
{synopt:{help fedfolder_mlogit:mlogit}}multinomial logistic regression{p_end}
{synopt:{help fedfolder_ologit:ologit}}ordered logistic regression{p_end}
{synopt:{help fedfolder_oprobit:oprobit}}ordered probit regression{p_end}
{synopt:{help fedfolder_clogit:clogit}}conditional logistic regression{p_end}
{synopt:{help fedfolder_stcox:stcox}}Cox proportional hazards model{p_end}
{synopt:{help fedfolder_streg:streg}}parametric survival models{p_end}
{synopt:{help fedfolder_stpm2:stpm2}, {help fedfolder_stpm2:stpm3}}flexible parametric survival models{p_end}
{synopt:{help fedfolder_melogit:melogit}}logistic regression with a random intercept{p_end}
{synopt:{help fedfolder_mepoisson:mepoisson}}Poisson regression with a random intercept{p_end}
{synopt:{help fedfolder_mestreg:mestreg}}parametric survival models with a random intercept{p_end}
{synoptline}
{p2colreset}{...}

{synoptset 24 tabbed}{...}
{synopthdr:command}
{synoptline}
{syntab:The server}
{synopt:{cmd:study new}}make the home of a new study{p_end}
{synopt:{cmd:study add-node}}add a node{p_end}
{synopt:{cmd:study dictionary}}show the dictionary, or draft it from a data file{p_end}
{synopt:{cmd:check}}ask every node what differs from the dictionary{p_end}
{synopt:{cmd:preflight}}ask every node whether it would refuse a command{p_end}
{synopt:{cmd:status}}show which node owes what, since when{p_end}
{synopt:{cmd:synth}}make data of people who never were, for a rehearsal{p_end}

{syntab:A node}
{synopt:{help fedfolder_node:{ul:node}}}run it, decide for it, look into it{p_end}
{synopt:{cmd:policy}}what may be asked of it{p_end}

{syntab:Either}
{synopt:{cmd:audit}}what happened in a home{p_end}
{synopt:{cmd:key}}whose keys it knows{p_end}
{synopt:{cmd:carry}}messages on a stick{p_end}
{synopt:{cmd:doctor} {it:folder}}what a shared folder can do{p_end}

{syntab:One computer}
{synopt:{cmd:simulate}}a regression over simulated nodes{p_end}
{synopt:{cmd:demo}}the whole of it, with three nodes; with {cmd:layout}, their homes alone{p_end}
{synopt:{cmd:nodes start} {it:homes}}nodes beside this Stata, to try things out{p_end}
{synopt:{cmd:nodes stop}}the end of these nodes{p_end}

{syntab:Stored results of a study}
{synopt:{cmd:estimates show}}a stored fit again{p_end}
{synopt:{cmd:estimates table}}fits side by side, for a paper{p_end}
{synopt:{cmd:test}, {cmd:testparm}, {cmd:lincom}, {cmd:nlcom}, {cmd:lrtest}, {cmd:estat}, {cmd:predict}, {cmd:curve}}of a stored fit; after
a fit in Stata use {help fedfolder_postestimation:Stata's own}{p_end}

{syntab:Installing}
{synopt:{cmd:stata install}, {cmd:stata zip}}the ado files{p_end}
{synoptline}
{p2colreset}{...}


{marker description}{...}
{title:Description}

{pstd}
{cmd:fedfolder} fits one regression over the data of several registries that may not send their rows to one another.
The server writes a small file with coefficients into the folder of each node; the program at each node computes the
log likelihood, its gradient and its Hessian on the data it has, and writes these sums back; the server adds them, and
asks again until it has converged. The estimates are those of the pooled rows. No row of data leaves its site.

{pstd}
The results are posted in {cmd:e()}: {helpb test}, {helpb lincom}, {helpb nlcom}, {helpb predict}, {helpb estimates} and
{helpb estat_ic:estat ic} work as after Stata's own commands; see {help fedfolder_postestimation}.


{marker options}{...}
{title:Options}

{phang}
A fit has the options of its {it:model}, and those of {help fedfolder_estimation##options:every fit}: {opt study()},
{opt timeout()}, and so on.{p_end}

{phang}
A {it:command} has the options that it has in a terminal, without hyphens and with the value in parentheses:
{cmd:--drop-after 48h} is {cmd:dropafter(48h)}. {help fedfolder_commands} has them all. A command that asks for
a yes in a terminal needs {cmd:yes} here.{p_end}


{marker remarks}{...}
{title:Remarks}

{pstd}
{cmd:fedfolder} needs Stata 16 or newer, and a Python that has the package fedfolder. {help fedfolder_setup} tells Stata
which Python that is; {help fedfolder_doctor} says what is missing.

{pstd}
Do not {cmd:cd} to the exchange, nor to any folder that others can write to: Stata runs the programs that it finds in
the folder that it works in before those that are installed.

{pstd}
Break stops a fit while it waits. Nothing is lost: the same line, typed again, goes on where it was.

{pstd}
Paths may have slashes or backslashes; put a path with blanks in quotes. After a backslash Stata would not expand a
macro: write {cmd:"S:/}{it:...}{cmd:"} where a macro follows. Of two backslashes Stata makes one: write
{cmd:"//server/share/}{it:...}{cmd:"} for a folder of the network, or name its drive.

{pstd}
Errors end with return codes that Stata has for such a thing, so that a do-file can {cmd:capture} them: r(1) for Break,
r(111) for a name that there is not, r(198) for what cannot be read, r(430) where there is no estimate, r(498) for what
has its meaning in the message.


{marker examples}{...}
{title:Examples}

{pstd}Make the study once: its home on this computer, the exchange on a drive that the nodes can reach{p_end}
{phang2}{cmd:. fedfolder study new "C:/studies/lbw", name(lbw) exchange("S:/exchange")}{p_end}
{phang2}{cmd:. fedfolder study add-node "C:/studies/lbw" north}{p_end}
{phang2}{cmd:. global FEDFOLDER_STUDY "C:/studies/lbw"}{p_end}

{pstd}A logistic regression, and what comes after it{p_end}
{phang2}{cmd:. fedfolder logit low age lwt i.race smoke}{p_end}
{phang2}{cmd:. test 2.race 3.race}{p_end}
{phang2}{cmd:. lincom age + smoke, or}{p_end}
{phang2}{cmd:. estimates store full}{p_end}

{pstd}Who owes what, while it waits in another Stata{p_end}
{phang2}{cmd:. fedfolder status "C:/studies/lbw"}{p_end}

{pstd}Try it on one computer: three nodes, and a fit over them{p_end}
{phang2}{cmd:. fedfolder demo "C:/try/lbw-demo", layout}{p_end}
{phang2}{cmd:. fedfolder nodes start "C:/try/lbw-demo/node1" "C:/try/lbw-demo/node2" "C:/try/lbw-demo/node3"}{p_end}
{phang2}{cmd:. fedfolder logit low age smoke, study("C:/try/lbw-demo/server")}{p_end}
{phang2}{cmd:. fedfolder nodes stop}{p_end}

{pstd}At a node: what waits for a person, and a yes{p_end}
{phang2}{cmd:. fedfolder node pending "C:/registry/north"}{p_end}
{phang2}{cmd:. fedfolder node approve "C:/registry/north" 1, by("A. Custodian")}{p_end}


{marker alsosee}{...}
{title:Also see}

{psee}Help:  {helpb fedfolder_commands}, {helpb fedfolder_estimation}, {helpb fedfolder_postestimation}, {helpb fedfolder_stub}, {helpb fedfolder_d2},
{helpb fedfolder_node}, {helpb fedfolder_doctor}, {helpb fedfolder_setup}{p_end}
