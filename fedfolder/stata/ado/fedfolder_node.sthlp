{smcl}
{* *! fedfolder: the chores of a node, and a node that is a Stata session}{...}
{vieweralsosee "fedfolder" "help fedfolder"}{...}
{viewerjumpto "Syntax" "fedfolder_node##syntax"}{...}
{viewerjumpto "Description" "fedfolder_node##description"}{...}
{viewerjumpto "Options" "fedfolder_node##options"}{...}
{viewerjumpto "Remarks" "fedfolder_node##remarks"}{...}
{viewerjumpto "Examples" "fedfolder_node##examples"}{...}
{viewerjumpto "Also see" "fedfolder_node##alsosee"}{...}
{marker title}{...}
{title:Title}

{p2colset 5 23 25 2}{...}
{p2col:{cmd:fedfolder node} {hline 2}}A node: run it, decide for it, look into it{p_end}
{p2colreset}{...}


{marker syntax}{...}
{title:Syntax}

{pstd}A node that reads a data file{p_end}

{p 8 12 2}
{cmd:fedfolder node} {it:chore} {it:home} [{it:fit}] [{cmd:,} {it:options}]{p_end}

{pstd}A node whose data are in Stata's memory (experimental){p_end}

{p 8 12 2}
{cmd:fedfolder_node} {c -(}{cmd:run}|{cmd:once}|{cmd:pending}{c )-} {it:home} [{cmd:,}
{opt likelihood(model function ...)} {opt frame(name)}]{p_end}

{p 8 12 2}
{cmd:fedfolder_node} {c -(}{cmd:approve}|{cmd:reject}|{cmd:release}{c )-} {it:home} {it:fit} [{cmd:,} {opt by(name)}
{opt reason(text)} {opt frame(name)}]{p_end}

{synoptset 26 tabbed}{...}
{synopthdr:chore}
{synoptline}
{syntab:Setting up}
{synopt:{cmd:init} {it:home}}make the node's home{p_end}
{synopt:{cmd:check} {it:home}}read the data, reach the exchange, say what is wrong{p_end}
{synopt:{cmd:trust} {it:home}}compare the server's key, by its fingerprint{p_end}

{syntab:Running}
{synopt:{cmd:run} {it:home}}answer what is asked, until Break{p_end}
{synopt:{cmd:once} {it:home}}answer what has come, and end{p_end}

{syntab:Deciding}
{synopt:{cmd:pending} {it:home}}show what waits for a person{p_end}
{synopt:{cmd:approve} {it:home fit}}say yes to a proposal{p_end}
{synopt:{cmd:reject} {it:home fit}}say no to a proposal{p_end}
{synopt:{cmd:release} {it:home fit}}let an answer go that was read{p_end}

{syntab:Looking}
{synopt:{cmd:show} {it:home} [{it:fit}]}show what was asked and what left{p_end}
{synopt:{cmd:ledger} {it:home}}show what was answered, and what is left of the budgets{p_end}
{synopt:{cmd:forget-columns} {it:home}}delete the columns that are kept at home{p_end}
{synoptline}
{p2colreset}{...}

{synoptset 26 tabbed}{...}
{synopthdr}
{synoptline}
{syntab:init}
{synopt:{opt data(file)}}the data, a .dta or .csv file; required{p_end}
{synopt:{opt exchange(folder)}}the node's folder on the exchange; required{p_end}
{synopt:{opt profile(word)}}limits: {cmd:registry}, {cmd:strict} or {cmd:open}{p_end}
{synopt:{opt approval(word)}}{cmd:proposal}, {cmd:every-file} or {cmd:auto}{p_end}

{syntab:trust}
{synopt:{opt fingerprint(text)}}the fingerprint as it was read out{p_end}
{synopt:{opt yes}}without {cmd:fingerprint()}: it was compared{p_end}

{syntab:approve, reject, release}
{synopt:{opt by(name)}}who decides; your user name by default{p_end}
{synopt:{opt reason(text)}}why; {cmd:reject} requires it, and sends it to the server{p_end}

{syntab:show}
{synopt:{opt last(#)}}how many message numbers; default is {cmd:last(20)}{p_end}
{synoptline}
{p2colreset}{...}


{marker description}{...}
{title:Description}

{pstd}
{cmd:fedfolder node} is what {cmd:fedfolder node} is in a terminal, for those who would rather stay in Stata. The data
are in a file that {cmd:node.toml} names; the data in Stata's memory are neither read nor changed.

{pstd}
{cmd:fedfolder_node} is experimental. The node is this Stata session: its data are those in memory, and Stata's Mata
computes log likelihood, gradient and Hessian. What is asked is checked, approved, journalled and signed as ever.
{cmd:pending}, {cmd:approve}, {cmd:reject} and {cmd:release} are the chores of these names, with those data in view.


{marker options}{...}
{title:Options}

{phang}
Options are those of the terminal, without hyphens and with the value in parentheses;
{cmd:fedfolder node} {it:chore}{cmd:, help} lists them.{p_end}

{phang}
{opt likelihood(model function ...)} puts a Mata function of the site's own in the place of a model's:
{cmd:void} {it:function}{cmd:(y, eta, ll, s, h)}, all of them {cmd:real colvector}s. It fills {it:ll}, {it:s} and
{it:h}, for each row the log likelihood and its first and second derivative with respect to {it:eta}; a missing value
says that the likelihood is not defined there. It is tried before it is used: its derivatives have to be those of its
log likelihood. The node says that it has a likelihood of its own, and the server goes on only with
{cmd:ownlikelihoods}.{p_end}

{phang}
{opt frame(name)} is the frame that holds the data; the default is the current one.{p_end}


{marker remarks}{...}
{title:Remarks}

{pstd}
While {cmd:run} waits, Stata does nothing else; Break ends it, and nothing is lost. For a node that runs day and night,
start it outside of Stata with the script in its home.

{pstd}
What is asked of a node, who may say yes to it and what has left is told on the pages for the custodian, docs/node.md and
docs/approval.md of the package.


{marker examples}{...}
{title:Examples}

{pstd}Make a node, and see whether all is well{p_end}
{phang2}{cmd:. fedfolder node init "C:/registry/north", data("C:/data/births.dta") exchange("S:/exchange/lbw/north")}{p_end}
{phang2}{cmd:. fedfolder node check "C:/registry/north"}{p_end}

{pstd}Answer what has come; read what waits; say yes, or no{p_end}
{phang2}{cmd:. fedfolder node once "C:/registry/north"}{p_end}
{phang2}{cmd:. fedfolder node pending "C:/registry/north"}{p_end}
{phang2}{cmd:. fedfolder node approve "C:/registry/north" 1}{p_end}
{phang2}{cmd:. fedfolder node reject "C:/registry/north" 2, reason("not covered by our agreement")}{p_end}

{pstd}A node that is this Stata session{p_end}
{phang2}{cmd:. use "C:/data/births.dta", clear}{p_end}
{phang2}{cmd:. fedfolder_node once "C:/registry/north"}{p_end}
{phang2}{cmd:. fedfolder_node run "C:/registry/north", likelihood(logit my_logit)}{p_end}


{marker alsosee}{...}
{title:Also see}

{psee}Help:  {helpb fedfolder}, {helpb mata}, {helpb frames}{p_end}
