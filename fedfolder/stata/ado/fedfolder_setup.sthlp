{smcl}
{* *! fedfolder: which Python Stata is to use}{...}
{vieweralsosee "fedfolder" "help fedfolder"}{...}
{vieweralsosee "doctor" "help fedfolder_doctor"}{...}
{vieweralsosee "[P] python" "help python"}{...}
{viewerjumpto "Syntax" "fedfolder_setup##syntax"}{...}
{viewerjumpto "Description" "fedfolder_setup##description"}{...}
{viewerjumpto "Options" "fedfolder_setup##options"}{...}
{viewerjumpto "Remarks" "fedfolder_setup##remarks"}{...}
{viewerjumpto "Examples" "fedfolder_setup##examples"}{...}
{viewerjumpto "Also see" "fedfolder_setup##alsosee"}{...}
{marker title}{...}
{title:Title}

{p2colset 5 24 26 2}{...}
{p2col:{cmd:fedfolder setup} {hline 2}}Tell Stata which Python has fedfolder{p_end}
{p2colreset}{...}


{marker syntax}{...}
{title:Syntax}

{p 8 12 2}
{cmd:fedfolder setup} [{cmd:,} {opt python(path)}]{p_end}


{marker description}{...}
{title:Description}

{pstd}
{cmd:fedfolder setup} finds the Python that has fedfolder, and makes it the one that this Stata uses from now on, in
later sessions, too. Then it does what {help fedfolder_doctor} does.


{marker options}{...}
{title:Options}

{phang}
{opt python(path)} is the Python's program file. Without it, {cmd:fedfolder setup} looks first into the file
{cmd:fedfolder_python.txt}, which {cmd:fedfolder stata install} writes beside the ado files; then in the folders where
pipx puts programs; then in C:/fedfolder/program; and then for a Python from python.org in which fedfolder is installed.{p_end}


{marker remarks}{...}
{title:Remarks}

{pstd}
Stata can run one Python in a session. If another one runs already, close Stata, open it again, and type
{cmd:fedfolder doctor}; after r(7101), type {cmd:fedfolder setup} there once more, before anything else that uses Python.

{pstd}
The setting is Stata's own: {cmd:python set exec} {it:path}{cmd:, permanently}. It holds for whatever else uses Python in
this Stata.

{pstd}
To install: in a terminal, type {cmd:python -m pip install} with the folder that you unpacked fedfolder into, and then
{cmd:fedfolder stata install}, which copies the ado files to where Stata looks for them. Where that cannot be done, {cmd:fedfolder stata zip} packs them for
{helpb net:net install}.


{marker examples}{...}
{title:Examples}

{pstd}After {cmd:fedfolder stata install}{p_end}
{phang2}{cmd:. fedfolder setup}{p_end}

{pstd}With a Python of one's own{p_end}
{phang2}{cmd:. fedfolder setup, python("C:/Program Files/Python311/python.exe")}{p_end}

{pstd}From an unpacked zip{p_end}
{phang2}{cmd:. net install fedfolder, from("C:/Users/me/Downloads/fedfolder-stata") replace}{p_end}
{phang2}{cmd:. fedfolder setup}{p_end}


{marker alsosee}{...}
{title:Also see}

{psee}Help:  {helpb fedfolder_doctor}, {helpb fedfolder}, {helpb python}{p_end}
