{smcl}
{* *! fedfolder: written by scripts/stata_help.py}{...}
{vieweralsosee "fedfolder" "help fedfolder"}{...}
{viewerjumpto "Syntax" "fedfolder_commands##syntax"}{...}
{viewerjumpto "Description" "fedfolder_commands##description"}{...}
{viewerjumpto "Commands" "fedfolder_commands##commands"}{...}
{viewerjumpto "Examples" "fedfolder_commands##examples"}{...}
{viewerjumpto "Also see" "fedfolder_commands##alsosee"}{...}
{marker title}{...}
{title:Title}

{p2colset 5 27 29 2}{...}
{p2col:{cmd:fedfolder commands} {hline 2}}What fedfolder does in a terminal, from Stata{p_end}
{p2colreset}{...}


{marker syntax}{...}
{title:Syntax}

{p 8 12 2}
{cmd:fedfolder} {it:command} [{it:arguments}] [{cmd:,} {it:options}]{p_end}

{synoptset 24 tabbed}{...}
{synopthdr:command}
{synoptline}
{synopt:{help fedfolder_commands##demo:demo}}The whole of it on this computer: three nodes, one regression{p_end}
{synopt:{help fedfolder_commands##run:run}}Fit a regression over the nodes of a study{p_end}
{synopt:{help fedfolder_commands##simulate:simulate}}Fit a regression over nodes simulated on this computer{p_end}
{synopt:{help fedfolder_commands##check:check}}Ask every node what differs from the study's dictionary{p_end}
{synopt:{help fedfolder_commands##synth:synth}}Make synthetic data from a study's dictionary, for a dry run{p_end}
{synopt:{help fedfolder_commands##preflight:preflight}}Ask every node whether it would refuse a command{p_end}
{synopt:{help fedfolder_commands##study_new:study new}}Make the server's home of a new study{p_end}
{synopt:{help fedfolder_commands##study_add_node:study add-node}}Add a node to a study{p_end}
{synopt:{help fedfolder_commands##study_dictionary:study dictionary}}Show a study's dictionary, or draft it from a data file{p_end}
{synopt:{help fedfolder_commands##status:status}}Show what is being fitted, and which node owes what, since when{p_end}
{synopt:{help fedfolder_commands##node_init:node init}}Make a node's home{p_end}
{synopt:{help fedfolder_commands##node_run:node run}}Run a node until it is stopped{p_end}
{synopt:{help fedfolder_commands##node_once:node once}}Answer what has come, once{p_end}
{synopt:{help fedfolder_commands##node_check:node check}}Read the data, reach the exchange, say what is wrong{p_end}
{synopt:{help fedfolder_commands##node_show:node show}}Show what was asked and what left, in words{p_end}
{synopt:{help fedfolder_commands##node_forget_columns:node forget-columns}}Delete the columns that are kept at home{p_end}
{synopt:{help fedfolder_commands##node_trust:node trust}}Compare the server's key, by its fingerprint{p_end}
{synopt:{help fedfolder_commands##node_pending:node pending}}Show what waits for a person{p_end}
{synopt:{help fedfolder_commands##node_approve:node approve}}Say yes to a proposal{p_end}
{synopt:{help fedfolder_commands##node_reject:node reject}}Say no to a proposal{p_end}
{synopt:{help fedfolder_commands##node_release:node release}}Let an answer go that you have read{p_end}
{synopt:{help fedfolder_commands##node_ledger:node ledger}}Show what was answered, and what is left of the budgets{p_end}
{synopt:{help fedfolder_commands##policy_init:policy init}}Write policy.toml into a node's home{p_end}
{synopt:{help fedfolder_commands##policy_show:policy show}}Show the limits in force, their sources, and the waivers{p_end}
{synopt:{help fedfolder_commands##policy_check:policy check}}Name every rule and variable that would refuse a command here{p_end}
{synopt:{help fedfolder_commands##policy_waive:policy waive}}Let a rule go in this study, for a reason{p_end}
{synopt:{help fedfolder_commands##audit_show:audit show}}Show what happened in a home, in words{p_end}
{synopt:{help fedfolder_commands##audit_export:audit export}}Write the audit of a home to a file, signed{p_end}
{synopt:{help fedfolder_commands##audit_verify:audit verify}}Check an exported audit{p_end}
{synopt:{help fedfolder_commands##key_show:key show}}Show a home's own key and those it knows, and whether they were compared{p_end}
{synopt:{help fedfolder_commands##key_revoke:key revoke}}Accept nothing more that a key signs, or sign nothing more with one's own{p_end}
{synopt:{help fedfolder_commands##carry_out:carry out}}Put what the other side lacks into one file{p_end}
{synopt:{help fedfolder_commands##carry_in:carry in}}Take what a stick brings{p_end}
{synopt:{help fedfolder_commands##doctor:doctor}}Try what a shared folder can do{p_end}
{synopt:{help fedfolder_commands##stata_install:stata install}}Copy the ado and help files to where Stata looks{p_end}
{synopt:{help fedfolder_commands##stata_zip:stata zip}}Pack the ado and help files for {cmd:net install}{p_end}
{synopt:{help fedfolder_commands##test:test}}Test linear hypotheses about coefficients{p_end}
{synopt:{help fedfolder_commands##testparm:testparm}}Test all coefficients of some terms{p_end}
{synopt:{help fedfolder_commands##lincom:lincom}}A linear combination of coefficients{p_end}
{synopt:{help fedfolder_commands##nlcom:nlcom}}A nonlinear function of coefficients{p_end}
{synopt:{help fedfolder_commands##lrtest:lrtest}}Likelihood-ratio test of two fits{p_end}
{synopt:{help fedfolder_commands##estat_ic:estat ic}}Akaike's and the Bayesian information criterion{p_end}
{synopt:{help fedfolder_commands##estat_vce:estat vce}}The covariance of the coefficients{p_end}
{synopt:{help fedfolder_commands##predict:predict}}Predict for each row of a data file{p_end}
{synopt:{help fedfolder_commands##curve:curve}}Survival and hazards over time, as numbers and as a picture{p_end}
{synopt:{help fedfolder_commands##estimates_show:estimates show}}Show a stored fit again{p_end}
{synopt:{help fedfolder_commands##estimates_table:estimates table}}Fits side by side, for a screen or a paper{p_end}
{synoptline}
{p2colreset}{...}


{marker description}{...}
{title:Description}

{pstd}
Whatever {cmd:fedfolder} does in a terminal it does in Stata, too. Options
follow a comma, without hyphens and with the value in parentheses:
{cmd:--drop-after 48h} is {cmd:dropafter(48h)}. Text with blanks stands in
quotes.{p_end}


{marker commands}{...}
{title:Commands}

{marker demo}{...}
{dlgtab:demo}

{p 8 12 2}
{cmd:fedfolder demo} [{it:folder}] [{cmd:,} {it:options}]{p_end}

{pstd}
Split Stata's lbw data over three nodes in FOLDER, start them, and fit
{cmd:logit low age smoke} over them.{p_end}

{pstd}
FOLDER (default: fedfolder-demo) must be new, or an earlier demo, which is
replaced.{p_end}

{synoptset 24 tabbed}{...}
{synopthdr}
{synoptline}
{synopt:{opt seed(#)}}of the random split into three{p_end}
{synopt:{opt fewtrips}}let questions travel together, where a trip costs more than an answer{p_end}
{synopt:{opt layout}}only split the data and make the homes: start nothing, fit nothing{p_end}
{synoptline}
{p2colreset}{...}

{phang2}{cmd:. fedfolder demo try-it, seed(2)}{p_end}
{phang2}{cmd:. fedfolder demo try-it, fewtrips}{p_end}
{phang2}{cmd:. fedfolder demo try-it, layout}{p_end}

{marker run}{...}
{dlgtab:run}

{p 8 12 2}
{cmd:fedfolder run} {it:study} {it:command} [{cmd:,} {it:options}]{p_end}

{pstd}
Fit COMMAND over the nodes of the study in the folder STUDY.{p_end}

{pstd}
The server may be stopped at any time: the same line goes on where it was. A
fit that has ended is shown again from the journal. The result is kept in
STUDY/runs.{p_end}

{pstd}
A node that does not answer is waited for. With dropafter the fit begins anew
without it, where no sum tells what it had said; its own answer, when it
comes, is set aside, and the next fit has it again.{p_end}

{pstd}
Where a trip takes a day, as by stick, fewtrips lets questions travel
together: sites whose policy allows it send their own estimates to begin with
(levels of factors are taken from the study's dictionary), and the last step
is taken without asking once it is proven. The answer is the same.{p_end}

{synoptset 24 tabbed}{...}
{synopthdr}
{synoptline}
{synopt:{opt again}}ask the nodes anew, even if this fit has ended before{p_end}
{synopt:{opt timeout(time)}}wait no longer than this for the nodes, as 90s, 30m or 48h; 0: for ever{p_end}
{synopt:{opt dropafter(time)}}go on without a node that has not answered for this long, as 48h or 2d{p_end}
{synopt:{opt minnodes(n)}}with dropafter: wait all the same if fewer nodes would be left (default: 3){p_end}
{synopt:{opt unitsdiffer}}go on when a site's variable looks as if it were in other units{p_end}
{synopt:{opt ownlikelihoods}}go on when a node computes with a likelihood of its own{p_end}
{synopt:{opt fewtrips}}let questions travel together, where a trip costs more than an answer{p_end}
{synopt:{opt json(file)}}write the result as JSON{p_end}
{synopt:{opt csv(file)}}write the coefficients as CSV{p_end}
{synoptline}
{p2colreset}{...}

{phang2}{cmd:. fedfolder run lbw-server "logit low age i.race smoke"}{p_end}
{phang2}{cmd:. fedfolder run lbw-server "logit low age i.race smoke", dropafter(48h) minnodes(3)}{p_end}

{marker simulate}{...}
{dlgtab:simulate}

{p 8 12 2}
{cmd:fedfolder simulate} {it:command} {it:file}... [{cmd:,} {it:options}]{p_end}

{pstd}
Fit COMMAND over simulated nodes: several FILEs are a node each, one FILE is
split.{p_end}

{pstd}
Everything happens in memory, unless folders asks for server, exchange and
nodes as real folders. No policy is looked at, unless policy names one: then
each node's rows are held against it before anything is computed.{p_end}

{synoptset 24 tabbed}{...}
{synopthdr}
{synoptline}
{synopt:{opt nodes(#)}}split one file at random over this many nodes (default: 3){p_end}
{synopt:{opt seed(#)}}of the random split{p_end}
{synopt:{opt by(var)}}split one file by the values of a variable instead{p_end}
{synopt:{opt policy(profile|file)}}refuse what nodes would: registry, strict, open, or a policy.toml{p_end}
{synopt:{opt table(name=file)}}a table that every node has, for merge ... using NAME; repeat for more{p_end}
{synopt:{opt fewtrips}}let questions travel together, where a trip costs more than an answer{p_end}
{synopt:{opt folders(dir)}}go through real folders, laid out in this new folder{p_end}
{synopt:{opt json(file)}}write the result as JSON{p_end}
{synopt:{opt csv(file)}}write the coefficients as CSV{p_end}
{synoptline}
{p2colreset}{...}

{phang2}{cmd:. fedfolder simulate "logit low age smoke" lbw.dta, nodes(3) seed(1)}{p_end}
{phang2}{cmd:. fedfolder simulate "regress bwt age i.race" north.csv south.csv west.dta}{p_end}
{phang2}{cmd:. fedfolder simulate "logit low age smoke" lbw.dta, folders(try-it)}{p_end}

{marker check}{...}
{dlgtab:check}

{p 8 12 2}
{cmd:fedfolder check} {it:study} | {it:file}... [{cmd:,} {it:options}]{p_end}

{pstd}
Ask every node of the study in the folder STUDY what differs from the
dictionary, site by site.{p_end}

{pstd}
A node says it in classes and yes or no, never with a value: which variable is
missing or of another type, how many levels the dictionary does not have, what
looks ten times off. The findings are kept in STUDY/runs. The return code is 0
if nothing differs.{p_end}

{pstd}
With dictionary, data files on this computer are checked, each as if it lay at
a node of its own.{p_end}

{synoptset 24 tabbed}{...}
{synopthdr}
{synoptline}
{synopt:{opt dictionary(file)}}check data files on this computer against this table{p_end}
{synopt:{opt timeout(time)}}wait no longer than this for the nodes, as 90s, 30m or 48h; 0: for ever{p_end}
{synopt:{opt json(file)}}write the findings as JSON{p_end}
{synoptline}
{p2colreset}{...}

{phang2}{cmd:. fedfolder check lbw-server}{p_end}
{phang2}{cmd:. fedfolder check north.csv south.dta, dictionary(dictionary.csv)}{p_end}

{marker synth}{...}
{dlgtab:synth}

{p 8 12 2}
{cmd:fedfolder synth} {it:study} [{cmd:,} {it:options}]{p_end}

{pstd}
Make data of people who never were, from the dictionary of STUDY (its folder,
or a dictionary as a table).{p_end}

{pstd}
Each variable is made by itself, within its plausible range or of its levels,
with some values missing: nothing is associated with anything. Point a node's
node.toml to such a file, and rehearse the study before the data come.{p_end}

{synoptset 24 tabbed}{...}
{synopthdr}
{synoptline}
{synopt:{opt rows(#)}}how many rows{p_end}
{synopt:{opt seed(#)}}the same seed, the same data{p_end}
{synopt:{opt site(name)}}another site gets other rows{p_end}
{synopt:{opt out(file)}}the file to write: .csv or .dta; required{p_end}
{synoptline}
{p2colreset}{...}

{phang2}{cmd:. fedfolder synth lbw-server, rows(1000) seed(1) site(north) out(north.dta)}{p_end}
{phang2}{cmd:. fedfolder synth dictionary.csv, out(trial.csv)}{p_end}

{marker preflight}{...}
{dlgtab:preflight}

{p 8 12 2}
{cmd:fedfolder preflight} {it:study} {it:command} [{cmd:,} {it:options}]{p_end}

{pstd}
Ask every node of STUDY which rule of its policy COMMAND would break, and for
which variable.{p_end}

{pstd}
A node answers by itself, with yes or no, and charges each line, or that there
is none, as a refusal: after a few, a person there must look. The return code
is 0 if nobody would refuse.{p_end}

{synoptset 24 tabbed}{...}
{synopthdr}
{synoptline}
{synopt:{opt timeout(time)}}wait no longer than this for the nodes, as 90s, 30m or 48h; 0: for ever{p_end}
{synopt:{opt json(file)}}write the answers as JSON{p_end}
{synoptline}
{p2colreset}{...}

{phang2}{cmd:. fedfolder preflight lbw-server "logit low age i.race smoke"}{p_end}

{marker study_new}{...}
{dlgtab:study new}

{p 8 12 2}
{cmd:fedfolder study new} {it:folder} [{cmd:,} {it:options}]{p_end}

{pstd}
Make the server's home of a study in FOLDER, which is private, and the study's
folder on the exchange.{p_end}

{synoptset 24 tabbed}{...}
{synopthdr}
{synoptline}
{synopt:{opt name(text)}}the study's name: lower-case letters, digits, - and _; required{p_end}
{synopt:{opt exchange(directory)}}the shared folder, which must be there already; required{p_end}
{synoptline}
{p2colreset}{...}

{phang2}{cmd:. fedfolder study new lbw-server, name(lbw) exchange("S:/exchange")}{p_end}

{marker study_add_node}{...}
{dlgtab:study add-node}

{p 8 12 2}
{cmd:fedfolder study add-node} {it:study} {it:node} [{cmd:,} {it:options}]{p_end}

{pstd}
Add NODE to the study in the folder STUDY, and make its folder on the
exchange.{p_end}

{pstd}
With fingerprint, no other key than the one that the site has read out by
phone is accepted. It may be given later, for a node that is in the study
already.{p_end}

{synoptset 24 tabbed}{...}
{synopthdr}
{synoptline}
{synopt:{opt fingerprint(text)}}of the node's key, as the site reads it out: ten groups of digits{p_end}
{synoptline}
{p2colreset}{...}

{phang2}{cmd:. fedfolder study add-node lbw-server north}{p_end}
{phang2}{cmd:. fedfolder study add-node lbw-server north, fingerprint("22020 23709 96315 47919 ...")}{p_end}

{marker study_dictionary}{...}
{dlgtab:study dictionary}

{p 8 12 2}
{cmd:fedfolder study dictionary} {it:study} [{cmd:,} {it:options}]{p_end}

{pstd}
Show the dictionary of the study in the folder STUDY; with csv, write it as a
table for a spreadsheet.{p_end}

{pstd}
With from, draft it from the variables and value labels of a data file: a
table STUDY/dictionary.csv (or the FILE of csv) to look through and complete.
It holds no plausible range, for the ends of the data would be two persons'
values. It is sent to every site by the next check, so take out what should
not be.{p_end}

{synoptset 24 tabbed}{...}
{synopthdr}
{synoptline}
{synopt:{opt from(data)}}draft it from this file's variables{p_end}
{synopt:{opt csv(file)}}write it here{p_end}
{synoptline}
{p2colreset}{...}

{phang2}{cmd:. fedfolder study dictionary lbw-server, from(lbw.dta)}{p_end}
{phang2}{cmd:. fedfolder study dictionary lbw-server}{p_end}

{marker status}{...}
{dlgtab:status}

{p 8 12 2}
{cmd:fedfolder status} {it:study} [{cmd:,} {it:options}]{p_end}

{pstd}
Show, for the study in the folder STUDY, what is being fitted, and which node
owes what, since when.{p_end}

{pstd}
Nothing is changed; it may be run while a fit is running. A node that owes an
answer may be stopped, or wait for its custodian, who says yes or no with
{cmd:fedfolder node pending}: that cannot be told from here.{p_end}

{synoptset 24 tabbed}{...}
{synopthdr}
{synoptline}
{synopt:{opt watch}}keep on showing it, until Ctrl-C{p_end}
{synoptline}
{p2colreset}{...}

{phang2}{cmd:. fedfolder status lbw-server}{p_end}
{phang2}{cmd:. fedfolder status lbw-server, watch}{p_end}

{marker node_init}{...}
{dlgtab:node init}

{p 8 12 2}
{cmd:fedfolder node init} {it:home} [{cmd:,} {it:options}]{p_end}

{pstd}
Make a node's home in HOME: node.toml, policy.toml, a key, and scripts that
start the node.{p_end}

{pstd}
All variables of the data are released in node.toml: take out those that
nobody should ask about. policy.toml has the limits of the profile, each with
its source, and says what a person has to approve.{p_end}

{synoptset 24 tabbed}{...}
{synopthdr}
{synoptline}
{synopt:{opt data(path)}}the data: a .dta or .csv file; required{p_end}
{synopt:{opt exchange(directory)}}this node's folder: <exchange>/<study>/<node>; required{p_end}
{synopt:{opt profile(registry|strict|open)}}the limits in policy.toml; open has none, for demos{p_end}
{synopt:{opt approval(proposal|every-file|auto)}}what a person says yes to: each fit, each file, or nothing{p_end}
{synoptline}
{p2colreset}{...}

{phang2}{cmd:. fedfolder node init north, data(births.dta) exchange("S:/exchange/lbw/north")}{p_end}

{marker node_run}{...}
{dlgtab:node run}

{p 8 12 2}
{cmd:fedfolder node run} {it:home}{p_end}

{pstd}
Run the node in HOME: answer what is asked, until it is stopped with Ctrl-C.{p_end}

{pstd}
It may be stopped and killed at any time; started again, it goes on where it
was. What it does is in HOME/log.txt, what left is in HOME/kept.{p_end}

{phang2}{cmd:. fedfolder node run north}{p_end}

{marker node_once}{...}
{dlgtab:node once}

{p 8 12 2}
{cmd:fedfolder node once} {it:home}{p_end}

{pstd}
Answer what has come for the node in HOME, then end: for cron, the Task
Scheduler, or a stick.{p_end}

{pstd}
Beside a running {cmd:node run} it does nothing, says so, and ends with return
code 0.{p_end}

{phang2}{cmd:. fedfolder node once north}{p_end}

{marker node_check}{...}
{dlgtab:node check}

{p 8 12 2}
{cmd:fedfolder node check} {it:home}{p_end}

{pstd}
Check the node in HOME: its data with their rows and variables, and its folder
on the exchange.{p_end}

{phang2}{cmd:. fedfolder node check north}{p_end}

{marker node_show}{...}
{dlgtab:node show}

{p 8 12 2}
{cmd:fedfolder node show} {it:home} [{it:fit}] [{cmd:,} {it:options}]{p_end}

{pstd}
Show what was asked of the node in HOME and what left it, in words; the files
themselves are in HOME/kept.{p_end}

{pstd}
With the number of a FIT, show one page on it: who asked for what, who said
yes, and all that left.{p_end}

{synoptset 24 tabbed}{...}
{synopthdr}
{synoptline}
{synopt:{opt last(#)}}how many message numbers{p_end}
{synoptline}
{p2colreset}{...}

{phang2}{cmd:. fedfolder node show north}{p_end}
{phang2}{cmd:. fedfolder node show north 1}{p_end}

{marker node_forget_columns}{...}
{dlgtab:node forget-columns}

{p 8 12 2}
{cmd:fedfolder node forget-columns} {it:home}{p_end}

{pstd}
Delete the columns that the node in HOME has kept as they were read, because
its node.toml says so.{p_end}

{pstd}
The next fit reads the data file again, and keeps its columns again as long as
the line is there: columns = true below [cache]. Without the line they are
deleted by themselves.{p_end}

{phang2}{cmd:. fedfolder node forget-columns north}{p_end}

{marker node_trust}{...}
{dlgtab:node trust}

{p 8 12 2}
{cmd:fedfolder node trust} {it:home} [{cmd:,} {it:options}]{p_end}

{pstd}
Tell the node in HOME the fingerprint of the server's key, as it was read out
by phone.{p_end}

{pstd}
It may be given before the server has introduced itself: then no other key is
accepted. Without fingerprint, that of the server that has introduced itself
is shown, to be compared.{p_end}

{synoptset 24 tabbed}{...}
{synopthdr}
{synoptline}
{synopt:{opt fingerprint(text)}}as the server's side reads it out: ten groups of digits{p_end}
{synopt:{opt yes}}without fingerprint: the one that is shown was compared; do not ask{p_end}
{synoptline}
{p2colreset}{...}

{phang2}{cmd:. fedfolder node trust north, fingerprint("22020 23709 96315 47919 ...")}{p_end}
{phang2}{cmd:. fedfolder node trust north}{p_end}

{marker node_pending}{...}
{dlgtab:node pending}

{p 8 12 2}
{cmd:fedfolder node pending} {it:home}{p_end}

{pstd}
Show what waits for a person at the node in HOME: a proposal to decide on, or
an answer to read.{p_end}

{pstd}
No node needs to be running: what has come is fetched from the exchange first.{p_end}

{phang2}{cmd:. fedfolder node pending north}{p_end}

{marker node_approve}{...}
{dlgtab:node approve}

{p 8 12 2}
{cmd:fedfolder node approve} {it:home} {it:fit} [{cmd:,} {it:options}]{p_end}

{pstd}
Say yes to the proposal of FIT at the node in HOME, as
{cmd:fedfolder node pending} shows it.{p_end}

{pstd}
Its rounds are then answered without asking again, as long as they are what
was proposed.{p_end}

{synoptset 24 tabbed}{...}
{synopthdr}
{synoptline}
{synopt:{opt by(name)}}who decides; your user name by default{p_end}
{synopt:{opt reason(text)}}why, for the audit{p_end}
{synoptline}
{p2colreset}{...}

{phang2}{cmd:. fedfolder node approve north 1, by("A. Custodian")}{p_end}

{marker node_reject}{...}
{dlgtab:node reject}

{p 8 12 2}
{cmd:fedfolder node reject} {it:home} {it:fit} [{cmd:,} {it:options}]{p_end}

{pstd}
Say no to the proposal of FIT at the node in HOME, whether it was approved
before or not.{p_end}

{pstd}
The reason is sent to the server's side: do not write anything about the data
in it.{p_end}

{synoptset 24 tabbed}{...}
{synopthdr}
{synoptline}
{synopt:{opt by(name)}}who decides; your user name by default{p_end}
{synopt:{opt reason(text)}}why. It is sent to the server's side; required{p_end}
{synoptline}
{p2colreset}{...}

{phang2}{cmd:. fedfolder node reject north 1, reason("not covered by our agreement")}{p_end}

{marker node_release}{...}
{dlgtab:node release}

{p 8 12 2}
{cmd:fedfolder node release} {it:home} {it:fit} [{cmd:,} {it:options}]{p_end}

{pstd}
Let the answer of FIT go that waits in HOME/outbox: where policy.toml says
{cmd:every-file}.{p_end}

{synoptset 24 tabbed}{...}
{synopthdr}
{synoptline}
{synopt:{opt by(name)}}who decides; your user name by default{p_end}
{synoptline}
{p2colreset}{...}

{phang2}{cmd:. fedfolder node release north 1}{p_end}

{marker node_ledger}{...}
{dlgtab:node ledger}

{p 8 12 2}
{cmd:fedfolder node ledger} {it:home}{p_end}

{pstd}
Show the ledger of the node in HOME: each attempt that it was asked about,
with the betas that it cost.{p_end}

{phang2}{cmd:. fedfolder node ledger north}{p_end}

{marker policy_init}{...}
{dlgtab:policy init}

{p 8 12 2}
{cmd:fedfolder policy init} {it:home} [{cmd:,} {it:options}]{p_end}

{pstd}
Write policy.toml into HOME, which an earlier version made without one, or
whose policy was moved away.{p_end}

{synoptset 24 tabbed}{...}
{synopthdr}
{synoptline}
{synopt:{opt profile(registry|strict|open)}}the limits in policy.toml; open has none, for demos{p_end}
{synopt:{opt approval(proposal|every-file|auto)}}what a person says yes to: each fit, each file, or nothing{p_end}
{synoptline}
{p2colreset}{...}

{phang2}{cmd:. fedfolder policy init north, profile(registry)}{p_end}

{marker policy_show}{...}
{dlgtab:policy show}

{p 8 12 2}
{cmd:fedfolder policy show} {it:home}{p_end}

{pstd}
Show the policy of the node in HOME: who says yes, every limit with its
source, and what is waived.{p_end}

{phang2}{cmd:. fedfolder policy show north}{p_end}

{marker policy_check}{...}
{dlgtab:policy check}

{p 8 12 2}
{cmd:fedfolder policy check} {it:home} {it:command}{p_end}

{pstd}
Read the data of the node in HOME and say what its policy would refuse of
COMMAND. Nothing leaves.{p_end}

{pstd}
Who takes part is in the proposal, so that the least number of nodes is not
looked at here. The limits that a coefficient can break are looked at in each
round. The return code is 21 if anything would be refused.{p_end}

{phang2}{cmd:. fedfolder policy check north "logit low age i.race smoke"}{p_end}

{marker policy_waive}{...}
{dlgtab:policy waive}

{p 8 12 2}
{cmd:fedfolder policy waive} {it:home} {it:rule} [{cmd:,} {it:options}]{p_end}

{pstd}
Let RULE go in the study of the node in HOME: a table at the end of its
policy.toml, until somebody removes it.{p_end}

{synoptset 24 tabbed}{...}
{synopthdr}
{synoptline}
{synopt:{opt names(vars)}}only for these names in a command, with blanks or commas between{p_end}
{synopt:{opt reason(text)}}why, in words that somebody can read in five years; required{p_end}
{synoptline}
{p2colreset}{...}

{phang2}{cmd:. fedfolder policy waive north roster, reason("two registries only; both boards agreed on 12 May 2026")}{p_end}

{marker audit_show}{...}
{dlgtab:audit show}

{p 8 12 2}
{cmd:fedfolder audit show} {it:home} [{cmd:,} {it:options}]{p_end}

{pstd}
Show the audit of HOME, a node's or a server's: first what the words mean,
then a line for each event.{p_end}

{pstd}
A line has its number, the time, what happened, with whom and about which
message, and what there is to say of it. The chain of the lines is checked;
the first line that was changed is named.{p_end}

{synoptset 24 tabbed}{...}
{synopthdr}
{synoptline}
{synopt:{opt fit(n)}}only what is about this fit{p_end}
{synopt:{opt last(k)}}only the last K lines{p_end}
{synoptline}
{p2colreset}{...}

{phang2}{cmd:. fedfolder audit show north}{p_end}
{phang2}{cmd:. fedfolder audit show north, fit(3)}{p_end}

{marker audit_export}{...}
{dlgtab:audit export}

{p 8 12 2}
{cmd:fedfolder audit export} {it:home} [{cmd:,} {it:options}]{p_end}

{pstd}
Write the audit of HOME, a node's or a server's, as lines of JSON that are
chained and signed by its key.{p_end}

{pstd}
The file holds what {cmd:fedfolder audit show} shows: no data, and nothing
that did not leave. Who has it can check it with {cmd:fedfolder audit verify}.{p_end}

{synoptset 24 tabbed}{...}
{synopthdr}
{synoptline}
{synopt:{opt out(file)}}write it here; otherwise it is shown{p_end}
{synoptline}
{p2colreset}{...}

{phang2}{cmd:. fedfolder audit export north, out(north-audit.jsonl)}{p_end}

{marker audit_verify}{...}
{dlgtab:audit verify}

{p 8 12 2}
{cmd:fedfolder audit verify} {it:file} [{cmd:,} {it:options}]{p_end}

{pstd}
Check FILE, an audit that was exported: that no line was cut, changed, added,
doubled or moved, and who signed.{p_end}

{pstd}
Without fingerprint, key or server it says whose key signed, and you compare
that. With server it is held against the server's journal, too: each request
and reply that the server has must stand in the node's audit, so a node that
shortened its audit and signed it again is found. The return code is 22 if
something is wrong.{p_end}

{synoptset 24 tabbed}{...}
{synopthdr}
{synoptline}
{synopt:{opt fingerprint(text)}}the fingerprint that the home's key must have{p_end}
{synopt:{opt key(hex)}}the public key that must have signed, 64 hexadecimal digits{p_end}
{synopt:{opt server(study)}}the server's home to hold a node's audit against{p_end}
{synoptline}
{p2colreset}{...}

{phang2}{cmd:. fedfolder audit verify north-audit.jsonl, fingerprint("83018 20033 02928 78713 ...")}{p_end}
{phang2}{cmd:. fedfolder audit verify north-audit.jsonl, server(lbw-server)}{p_end}

{marker key_show}{...}
{dlgtab:key show}

{p 8 12 2}
{cmd:fedfolder key show} {it:home}{p_end}

{pstd}
Show the fingerprint of the key of the server or node in HOME, and those that
it knows.{p_end}

{phang2}{cmd:. fedfolder key show north}{p_end}

{marker key_revoke}{...}
{dlgtab:key revoke}

{p 8 12 2}
{cmd:fedfolder key revoke} {it:home} [{cmd:,} {it:options}]{p_end}

{pstd}
Revoke a key in HOME: from now on, nothing that it signs is accepted there. It
cannot be taken back.{p_end}

{pstd}
At the server, revoke the key of a node; at a node, that of the server.
Without peer, this home's own key: it signs nothing any more. The other side
is not told: phone it. Whoever was revoked makes a new home, and is enrolled
under a new name.{p_end}

{synoptset 24 tabbed}{...}
{synopthdr}
{synoptline}
{synopt:{opt peer(text)}}whose key; server, or a node's name. This home's own by default{p_end}
{synopt:{opt reason(text)}}why, for the audit: lost, stolen, the site has left; required{p_end}
{synopt:{opt yes}}do not ask{p_end}
{synoptline}
{p2colreset}{...}

{phang2}{cmd:. fedfolder key revoke lbw-server, peer(north) reason("laptop stolen")}{p_end}
{phang2}{cmd:. fedfolder key revoke north, reason("replaced by north2") yes}{p_end}

{marker carry_out}{...}
{dlgtab:carry out}

{p 8 12 2}
{cmd:fedfolder carry out} [{it:home}] [{cmd:,} {it:options}]{p_end}

{pstd}
Put what the other side may lack into one file in the folder to, for the home
in HOME (default: here).{p_end}

{pstd}
The file holds a page of text for whoever finds it. It may be made again,
lost, or brought twice.{p_end}

{synoptset 24 tabbed}{...}
{synopthdr}
{synoptline}
{synopt:{opt to(directory)}}the folder to write to, such as a stick; required{p_end}
{synoptline}
{p2colreset}{...}

{phang2}{cmd:. fedfolder carry out north, to("E:/")}{p_end}

{marker carry_in}{...}
{dlgtab:carry in}

{p 8 12 2}
{cmd:fedfolder carry in} [{it:home}] [{cmd:,} {it:options}]{p_end}

{pstd}
Take what the parcels in the folder from hold for the home in HOME (default:
here).{p_end}

{pstd}
Then run {cmd:fedfolder node once}, or {cmd:fedfolder run} at the server: what
was brought is judged there, by its content.{p_end}

{synoptset 24 tabbed}{...}
{synopthdr}
{synoptline}
{synopt:{opt from(directory)}}the folder to read from, such as a stick; required{p_end}
{synoptline}
{p2colreset}{...}

{phang2}{cmd:. fedfolder carry in north, from("E:/")}{p_end}

{marker doctor}{...}
{dlgtab:doctor}

{p 8 12 2}
{cmd:fedfolder doctor} {it:path}{p_end}

{pstd}
Try the shared folder PATH from this computer, and say in plain words what
will work and how fast.{p_end}

{pstd}
It makes a folder of its own there and removes it. It ends with 7 if fedfolder
cannot work there.{p_end}

{phang2}{cmd:. fedfolder doctor S:/exchange}{p_end}

{marker stata_install}{...}
{dlgtab:stata install}

{p 8 12 2}
{cmd:fedfolder stata install} [{cmd:,} {it:options}]{p_end}

{pstd}
Copy the ado and help files to where Stata looks, in place of an older copy.{p_end}

{pstd}
Beside them it writes which Python this is. {cmd:fedfolder setup} in Stata
then tells Stata to use it.{p_end}

{synoptset 24 tabbed}{...}
{synopthdr}
{synoptline}
{synopt:{opt adopath(dir)}}the folder to copy to (default: Stata's PERSONAL; {cmd:sysdir} in Stata shows it){p_end}
{synoptline}
{p2colreset}{...}

{phang2}{cmd:. fedfolder stata install}{p_end}
{phang2}{cmd:. fedfolder stata install, adopath("C:/ado/personal")}{p_end}

{marker stata_zip}{...}
{dlgtab:stata zip}

{p 8 12 2}
{cmd:fedfolder stata zip} {it:file}{p_end}

{pstd}
Pack the ado and help files into the zip FILE, for a computer without this
program's folder.{p_end}

{pstd}
Python and fedfolder have to be on that computer, too.{p_end}

{phang2}{cmd:. fedfolder stata zip fedfolder-stata.zip}{p_end}

{marker test}{...}
{dlgtab:test}

{p 8 12 2}
{cmd:fedfolder test} {it:result} {it:hypotheses}{p_end}

{pstd}
Wald test of HYPOTHESES about the coefficients in RESULT, in Stata's words.{p_end}

{pstd}
RESULT is what json wrote, or a folder in the runs of a study. Put quotes
around signs that a shell would read.{p_end}

{phang2}{cmd:. fedfolder test lbw.json 2.race 3.race}{p_end}
{phang2}{cmd:. fedfolder test lbw.json "age = lwt"}{p_end}
{phang2}{cmd:. fedfolder test lbw.json "(age=0) (smoke=1)"}{p_end}
{phang2}{cmd:. fedfolder test lbw-server/runs/fit1 [2]age}{p_end}

{marker testparm}{...}
{dlgtab:testparm}

{p 8 12 2}
{cmd:fedfolder testparm} {it:result} {it:terms} [{cmd:,} {it:options}]{p_end}

{pstd}
Wald test that all coefficients of TERMS are zero.{p_end}

{synoptset 24 tabbed}{...}
{synopthdr}
{synoptline}
{synopt:{opt equal}}test that they are equal to one another, not that they are zero{p_end}
{synopt:{opt equation(name)}}look in one equation only{p_end}
{synoptline}
{p2colreset}{...}

{phang2}{cmd:. fedfolder testparm lbw.json i.race}{p_end}
{phang2}{cmd:. fedfolder testparm lbw.json smoke ptl, equal}{p_end}

{marker lincom}{...}
{dlgtab:lincom}

{p 8 12 2}
{cmd:fedfolder lincom} {it:result} {it:combination}{p_end}

{pstd}
A linear COMBINATION of coefficients, with its standard error and interval.{p_end}

{pstd}
After a comma: or, irr, rrr, hr or eform to exponentiate it; level(90).{p_end}

{phang2}{cmd:. fedfolder lincom lbw.json "2*age + smoke"}{p_end}
{phang2}{cmd:. fedfolder lincom lbw.json "2.race - 3.race, or level(90)"}{p_end}

{marker nlcom}{...}
{dlgtab:nlcom}

{p 8 12 2}
{cmd:fedfolder nlcom} {it:result} {it:expression}{p_end}

{pstd}
A smooth function of coefficients, by the delta method.{p_end}

{phang2}{cmd:. fedfolder nlcom lbw.json _b[age]/_b[smoke]}{p_end}
{phang2}{cmd:. fedfolder nlcom lbw.json "(ratio: _b[age]/_b[lwt]) (exp(_b[2.race]))"}{p_end}

{marker lrtest}{...}
{dlgtab:lrtest}

{p 8 12 2}
{cmd:fedfolder lrtest} {it:first} {it:second}{p_end}

{pstd}
Likelihood-ratio test of two stored fits, one within the other, in any order.{p_end}

{phang2}{cmd:. fedfolder lrtest small.json large.json}{p_end}

{marker estat_ic}{...}
{dlgtab:estat ic}

{p 8 12 2}
{cmd:fedfolder estat ic} {it:result}{p_end}

{pstd}
Akaike's and the Bayesian information criterion.{p_end}

{phang2}{cmd:. fedfolder estat ic lbw.json}{p_end}

{marker estat_vce}{...}
{dlgtab:estat vce}

{p 8 12 2}
{cmd:fedfolder estat vce} {it:result} [{cmd:,} {it:options}]{p_end}

{pstd}
The covariance of the coefficients, or their correlations.{p_end}

{synoptset 24 tabbed}{...}
{synopthdr}
{synoptline}
{synopt:{opt correlation}}correlations instead{p_end}
{synoptline}
{p2colreset}{...}

{phang2}{cmd:. fedfolder estat vce lbw.json, correlation}{p_end}

{marker predict}{...}
{dlgtab:predict}

{p 8 12 2}
{cmd:fedfolder predict} {it:result} {it:file} [{cmd:,} {it:options}]{p_end}

{pstd}
Apply the coefficients in RESULT to the rows of FILE; nothing leaves this
computer.{p_end}

{pstd}
One row is written for each row of FILE, in its order: the variables that keep
names, then the predictions. A model of several outcomes has a column for
each, such as pr_2. What FILE lacks and the fit made by stset or merge is made
again; what stsplit made has to be in FILE.{p_end}

{pstd}
kinds: pr probability (of each outcome) xb linear predictor n number of events
stdp its standard error ir rate, without exposure mu mean pc1 pu0 after clogit
median hr surv hazard after streg; hr after stcox surv hazard cumhazard hr
after stpm2{p_end}

{synoptset 24 tabbed}{...}
{synopthdr}
{synoptline}
{synopt:{opt out(file)}}the .csv or .dta to write; required{p_end}
{synopt:{opt kind(word)}}what to predict: pr, n, mu, ir, xb, stdp... (default: Stata's choice){p_end}
{synopt:{opt keep(var)}}copy this variable beside the predictions; repeat for more{p_end}
{synopt:{opt unseen(error|missing)}}what to do with a level that the fit has not seen{p_end}
{synopt:{opt nooffset}}leave offset and exposure out{p_end}
{synopt:{opt node(dir)}}read FILE as the node.toml in this home says{p_end}
{synopt:{opt table(name=file)}}a table that the fit merged; repeat for more{p_end}
{synoptline}
{p2colreset}{...}

{phang2}{cmd:. fedfolder predict lbw.json births.dta, out(risk.csv) keep(id)}{p_end}
{phang2}{cmd:. fedfolder predict lbw.json births.csv, out(xb.dta) kind(xb)}{p_end}
{phang2}{cmd:. fedfolder predict excess.json cases.csv, out(n.csv) table(popmort=popmort.dta)}{p_end}

{marker curve}{...}
{dlgtab:curve}

{p 8 12 2}
{cmd:fedfolder curve} {it:result} [{cmd:,} {it:options}]{p_end}

{pstd}
Survival, hazards or cumulative hazards over time from RESULT, with confidence
intervals.{p_end}

{pstd}
Each at is a pattern: a value for each variable of the model, with a name
before a colon if you like. Nothing is needed but the fit: no data are read.
After a fit with standsurv(), standardised shows its average survival. After
stcox, times are those of its basesurv(), and a pattern names its stratum.{p_end}

{synoptset 24 tabbed}{...}
{synopthdr}
{synoptline}
{synopt:{opt at(text)}}a value for each variable; repeat for more{p_end}
{synopt:{opt times(numbers)}}at which times, such as '0(0.25)10' or '1 2 5'{p_end}
{synopt:{opt standardised}}averages of a fit with standsurv(), at its times and patterns{p_end}
{synopt:{opt of(survival|hazard|cumhazard)}}what to show: survival, unless told otherwise{p_end}
{synopt:{opt contrast(difference|ratio)}}hold each pattern against the first{p_end}
{synopt:{opt level(percent)}}another confidence level{p_end}
{synopt:{opt out(file.csv)}}write the numbers here, instead of showing them{p_end}
{synopt:{opt plot(file)}}draw them into this .png or .svg{p_end}
{synopt:{opt unit(text)}}what the axis of time is called{p_end}
{synoptline}
{p2colreset}{...}

{phang2}{cmd:. fedfolder curve fit.json, at("age=60 stage=1") at("age=60 stage=3") times(0(0.25)10) out(s.csv) plot(s.svg)}{p_end}
{phang2}{cmd:. fedfolder curve fit.json, at("early: stage=1") at("late: stage=3") times("1 5 10") contrast(difference)}{p_end}
{phang2}{cmd:. fedfolder curve fit.json, at(stage=1) at(stage=3) times("1/10") of(hazard) contrast(ratio)}{p_end}
{phang2}{cmd:. fedfolder curve fit.json, standardised contrast(difference)}{p_end}

{marker estimates_show}{...}
{dlgtab:estimates show}

{p 8 12 2}
{cmd:fedfolder estimates show} {it:result} [{cmd:,} {it:options}]{p_end}

{pstd}
Show the table of a stored fit again.{p_end}

{synoptset 24 tabbed}{...}
{synopthdr}
{synoptline}
{synopt:{opt level(percent)}}another confidence level{p_end}
{synoptline}
{p2colreset}{...}

{phang2}{cmd:. fedfolder estimates show lbw.json, level(90)}{p_end}

{marker estimates_table}{...}
{dlgtab:estimates table}

{p 8 12 2}
{cmd:fedfolder estimates table} {it:result}... [{cmd:,} {it:options}]{p_end}

{pstd}
Set stored fits side by side, as Stata's estimates table does.{p_end}

{synoptset 24 tabbed}{...}
{synopthdr}
{synoptline}
{synopt:{opt format(text|csv|markdown|latex|docx)}}default: by the ending of out, otherwise text{p_end}
{synopt:{opt out(file)}}write the table to this file; docx needs one{p_end}
{synopt:{opt show(words)}}of b, se, p and ci{p_end}
{synopt:{opt star(levels)}}stars for p-values below, as '.05 .01 .001'{p_end}
{synopt:{opt stats(words)}}n ll ll_0 aic bic k r2 r2_p chi2{p_end}
{synopt:{opt eform}}exponentiate coefficients{p_end}
{synopt:{opt level(percent)}}confidence level of ci{p_end}
{synopt:{opt decimals(n)}}places after the point{p_end}
{synopt:{opt names(names)}}names of the columns, with commas between{p_end}
{synoptline}
{p2colreset}{...}

{phang2}{cmd:. fedfolder estimates table small.json large.json}{p_end}
{phang2}{cmd:. fedfolder estimates table small.json large.json, show("b ci") eform}{p_end}
{phang2}{cmd:. fedfolder estimates table a.json b.json, star(".05 .01") out(table2.docx)}{p_end}



{marker examples}{...}
{title:Examples}

{phang2}{cmd:. fedfolder status lbw-server}{p_end}
{phang2}{cmd:. fedfolder status lbw-server, watch}{p_end}
{phang2}{cmd:. fedfolder node pending north}{p_end}
{phang2}{cmd:. fedfolder estimates table small.json large.json}{p_end}
{phang2}{cmd:. fedfolder estimates table small.json large.json, show("b ci") eform}{p_end}
{phang2}{cmd:. fedfolder estimates table a.json b.json, star(".05 .01") out(table2.docx)}{p_end}


{marker alsosee}{...}
{title:Also see}

{psee}Help:  {helpb fedfolder}, {helpb fedfolder_node}{p_end}
