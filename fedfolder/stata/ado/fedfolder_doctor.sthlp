{smcl}
{* *! fedfolder: what Stata has for fedfolder, and what is missing}{...}
{vieweralsosee "fedfolder" "help fedfolder"}{...}
{vieweralsosee "setup" "help fedfolder_setup"}{...}
{vieweralsosee "[P] python" "help python"}{...}
{viewerjumpto "Syntax" "fedfolder_doctor##syntax"}{...}
{viewerjumpto "Description" "fedfolder_doctor##description"}{...}
{viewerjumpto "Remarks" "fedfolder_doctor##remarks"}{...}
{viewerjumpto "Examples" "fedfolder_doctor##examples"}{...}
{viewerjumpto "Also see" "fedfolder_doctor##alsosee"}{...}
{marker title}{...}
{title:Title}

{p2colset 5 25 27 2}{...}
{p2col:{cmd:fedfolder doctor} {hline 2}}What Stata has for fedfolder, and what is missing{p_end}
{p2colreset}{...}


{marker syntax}{...}
{title:Syntax}

{p 8 12 2}
{cmd:fedfolder doctor}{p_end}

{p 8 12 2}
{cmd:fedfolder doctor} {it:folder}{p_end}


{marker description}{...}
{title:Description}

{pstd}
{cmd:fedfolder doctor} looks at Stata, at the ado files, at the Python that Stata runs and at what that Python has, and
says what to do where something is missing. It changes nothing.

{pstd}
{cmd:fedfolder doctor} {it:folder} tries a shared folder from this computer, as in a terminal: what will work there, and
how fast.


{marker remarks}{...}
{title:Remarks}

{pstd}
These return codes are about Python. They are Stata's own; here is what they mean for {cmd:fedfolder}.

{synoptset 12 tabbed}{...}
{p2col 5 12 16 2: Code}What it means, and what to do{p_end}
{synopt:{cmd:r(7100)}}Stata cannot load Python. It needs a 64-bit Python 3.11 or newer, from python.org or a software
center; not the one of the Microsoft Store. {cmd:python search} shows those on this computer; then type
{cmd:fedfolder setup, python("}{it:path}{cmd:")}.{p_end}
{synopt:{cmd:r(7101)}}This Stata runs another Python already, and can run one only. Close Stata, open it again, and type
{cmd:fedfolder setup} before anything else that uses Python.{p_end}
{synopt:{cmd:r(7102)}}Python reported an error. Where it says that there is no module, the Python that Stata runs has no
fedfolder: install it there, or take the Python that has it with {cmd:fedfolder setup}.{p_end}
{synopt:{cmd:r(7103)}}A file of Python's could not be run or loaded: an installation that is not complete. Install
fedfolder again.{p_end}
{p2colreset}{...}

{pstd}
A Stata that was made before 20 December 2023 cannot read indented blocks of Python 3.12 or newer. {cmd:fedfolder} has no
such blocks and works; for others, update Stata, or take Python 3.11.


{marker examples}{...}
{title:Examples}

{pstd}Is all well?{p_end}
{phang2}{cmd:. fedfolder doctor}{p_end}

{pstd}Can the network drive be used?{p_end}
{phang2}{cmd:. fedfolder doctor "S:/exchange"}{p_end}


{marker alsosee}{...}
{title:Also see}

{psee}Help:  {helpb fedfolder_setup}, {helpb fedfolder}, {helpb python}{p_end}
