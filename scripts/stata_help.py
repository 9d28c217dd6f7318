"""Write the help files of models and commands for Stata, and the list in fedfolder.pkg. A test holds them to it.

Usage: `python scripts/stata_help.py`
"""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import stata_help_commands
from stata_help_words import LONGER, MODELS, OPTIONS, SHARED_RESULTS, STUDY

from fedfolder.about import __version__
from fedfolder.command.models import TABLE, WITH_OPTION
from fedfolder.command.options import OPTIONS as RULES
from fedfolder.estimates.prediction import PREDICTIONS
from fedfolder.likelihood import LIKELIHOODS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fedfolder.command.options import OptionRule

STATA = Path(__file__).resolve().parent.parent / "fedfolder" / "stata"
WIDTH = 78
SECTIONS = ("Syntax", "Description", "Options", "Remarks", "Examples", "Stored results", "Also see")
_MARKERS = {section: section.lower().replace(" ", "") for section in SECTIONS}
_WEIGHTS = {"fw": "fweight", "pw": "pweight", "iw": "iweight", "aw": "aweight"}


def title_of(model: str) -> str:
    """The title of a model's table; `glm` has one for all of its families."""
    return next(found.title for name, found in LIKELIHOODS.items() if name.split()[0] == model)


def rules_of(model: str) -> list[OptionRule]:
    """The options that a model takes, in the order of the registry."""
    return [rule for rule in RULES if rule.serves(model)]


def page(model: str) -> str:
    """The help file of a model."""
    parts = [
        *_head(model),
        *_syntax(model),
        *_description(model),
        *_options(model),
        *_remarks(model),
        *_examples(model),
        *_results(model),
        *_also_see(model),
    ]
    return "\n".join(parts) + "\n"


def _head(model: str) -> Iterator[str]:
    name = f"fedfolder_{model}"
    yield "{smcl}"
    yield "{* *! fedfolder: written by scripts/stata_help.py}{...}"
    yield '{vieweralsosee "fedfolder" "help fedfolder"}{...}'
    yield '{vieweralsosee "options of every fit" "help fedfolder_estimation"}{...}'
    yield '{vieweralsosee "after a fit" "help fedfolder_postestimation"}{...}'
    manual = _manual(model)
    yield f'{{vieweralsosee "{f"[{manual}] " if manual else ""}{model}" "help {model}"}}{{...}}'
    for section, marker in _MARKERS.items():
        yield f'{{viewerjumpto "{section}" "{name}##{marker}"}}{{...}}'
    yield "{marker title}{...}"
    yield "{title:Title}"
    yield ""
    heading = f"fedfolder {model}"
    yield f"{{p2colset 5 {len(heading) + 9} {len(heading) + 11} 2}}{{...}}"
    yield f"{{p2col:{{cmd:{heading}}} {{hline 2}}}}{title_of(model)} over many nodes{{p_end}}"
    yield "{p2colreset}{...}"


def _section(section: str) -> list[str]:
    return ["", "", f"{{marker {_MARKERS[section]}}}{{...}}", f"{{title:{section}}}", ""]


def _syntax(model: str) -> Iterator[str]:
    yield from _section("Syntax")
    needs = "{it:options}"
    if MODELS[model].needs:
        needs = f"{{{'opth' if 'varname' in MODELS[model].needs else 'opt'} {MODELS[model].needs}}} [{{it:options}}]"
    options = f"{{cmd:,}} {needs}" if MODELS[model].needs else f"[{{cmd:,}} {needs}]"
    yield "{p 8 12 2}"
    outcome = "" if TABLE[model].survival else " {depvar}"
    yield f"{{cmd:fedfolder}} {abbreviated('cmd', model, TABLE[model].shortest)}{outcome} [{{indepvars}}]"
    random = " {cmd:||} {it:varname}{cmd::}" if TABLE[model].random else ""
    yield f"[{{cmd:if}} {{it:exp}}] [{{it:weight}}]{random} {options}{{p_end}}"
    yield ""
    yield "{synoptset 24 tabbed}{...}"
    yield "{synopthdr}"
    yield "{synoptline}"
    yield from _table(model)
    yield "{synoptline}"
    yield "{p2colreset}{...}"
    yield from paragraph("{p 4 6 2}", "{it:indepvars} may contain factor variables; see {helpb fvvarlist}.")
    weights = [f"{{cmd:{_WEIGHTS[kind]}}}s" for kind in TABLE[model].weights]
    yield from paragraph("{p 4 6 2}", f"{', '.join(weights[:-1])} and {weights[-1]} are allowed; see {{help weight}}.")
    see = "See {help fedfolder_postestimation} for what can be done after a fit."
    yield from paragraph("{p 4 6 2}", see)


def _table(model: str) -> Iterator[str]:
    above = ""
    for rule in rules_of(model):
        heading, argument, words = OPTIONS[word_of(rule, model)]
        if heading != above:
            yield from [""] * bool(above)
            yield f"{{syntab:{heading}}}"
            above = heading
        yield f"{{synopt:{option(rule, argument)}}}{words}{{p_end}}"
    yield ""
    yield "{syntab:Study}"
    of_ours = "{help fedfolder_estimation##options:{it:options of every fit}}"
    yield f"{{synopt:{of_ours}}}{{cmd:study()}}, {{cmd:timeout()}}, and so on{{p_end}}"


def word_of(rule: OptionRule, model: str) -> str:
    """Under which word an option is described: its name, or the model's too, where it means another thing there."""
    own = f"{model} {rule.name}"
    return own if own in OPTIONS else rule.name


def option(rule: OptionRule, argument: str) -> str:
    """An option with its shortest abbreviation underlined, and its argument."""
    return abbreviated("opth" if argument == "varname" else "opt", rule.name, rule.shortest, argument)


def abbreviated(kind: str, name: str, shortest: str, argument: str = "") -> str:
    """`{opt l:evel(#)}`; for the name of a command `{cmdab:reg:ress}`."""
    rest = name.removeprefix(shortest)
    if kind == "cmd":
        return f"{{cmdab:{shortest}:{rest}}}" if rest else f"{{cmd:{name}}}"
    bracketed = f"({argument})" if argument else ""
    return f"{{{kind} {shortest}{':' * bool(rest)}{rest}{bracketed}}}"


def _description(model: str) -> Iterator[str]:
    yield from _section("Description")
    words = f"{{cmd:fedfolder {model}}} fits {MODELS[model].fits} over the nodes of a study. No row of data leaves a"
    more = (
        " node: each computes the log likelihood, its gradient and its Hessian on its own rows, and the sums of these "
        "over all nodes are what is maximized. The estimates are those of {helpb MODEL} on the pooled rows."
    )
    yield from paragraph("{pstd}", words + more.replace("MODEL", model))
    for name, (other, with_option) in WITH_OPTION.items():
        if other == model:
            yield ""
            yield from paragraph("{pstd}", f"{{cmd:fedfolder {name}}} is the same with {{opt {with_option}}}.")


def _options(model: str) -> Iterator[str]:
    yield from _section("Options")
    above = ""
    for rule in rules_of(model):
        heading, argument, _ = OPTIONS[word_of(rule, model)]
        if heading != above:
            yield f"{{dlgtab:{heading}}}"
            yield ""
            above = heading
        yield from paragraph(
            "{phang}", f"{{opt {rule.name}{f'({argument})' * bool(argument)}}}: {LONGER[word_of(rule, model)]}"
        )
        yield ""
    ours = "{help fedfolder_estimation##options:Options of every fit} say which study it is, and how long to wait."
    yield "{dlgtab:Study}"
    yield ""
    yield from paragraph("{phang}", ours)


def _remarks(model: str) -> Iterator[str]:
    yield from _section("Remarks")
    for text in MODELS[model].remark:
        yield from paragraph("{pstd}", text)
        yield ""
    general = (
        "Levels of factor variables are those of all nodes together, and so is the base, the lowest of them. A row "
        "with a missing value in any variable of the model is left out. See "
        "{help fedfolder_estimation##remarks:fedfolder estimation} for what happens while a fit waits."
    )
    yield from paragraph("{pstd}", general)


def _examples(model: str) -> Iterator[str]:
    yield from _section("Examples")
    for place, (words, command) in enumerate(MODELS[model].examples):
        yield from [""] * bool(place)
        yield f"{{pstd}}{words}{{p_end}}"
        yield f"{{phang2}}{{cmd:. {example(command)}}}{{p_end}}"
    yield ""
    yield "{pstd}The study named once, the fit shown again{p_end}"
    yield '{phang2}{cmd:. global FEDFOLDER_STUDY "C:/studies/lbw"}{p_end}'
    yield f"{{phang2}}{{cmd:. fedfolder {MODELS[model].examples[0][1]}}}{{p_end}}"
    yield "{phang2}{cmd:. fedfolder, level(90)}{p_end}"


def example(command: str) -> str:
    """A command with its study, as it is typed."""
    return f"fedfolder {command}{' ' if ',' in command else ', '}{STUDY}"


def _results(model: str) -> Iterator[str]:
    yield from _section("Stored results")
    yield f"{{pstd}}{{cmd:fedfolder {model}}} stores the following in {{cmd:e()}}:{{p_end}}"
    yield ""
    yield "{synoptset 18 tabbed}{...}"
    results = SHARED_RESULTS + MODELS[model].results
    if model == "regress":
        results = tuple(result for result in results if result[0] != "scalar chi2")
    for kind, heading in (("scalar", "Scalars"), ("macro", "Macros"), ("matrix", "Matrices")):
        yield f"{{p2col 5 18 22 2: {heading}}}{{p_end}}"
        for name, words in results:
            if name.split()[0] == kind:
                yield f"{{synopt:{{cmd:e({name.split()[1]})}}}}{words}{{p_end}}"
        yield ""
    yield "{p2colreset}{...}"
    first, *others = PREDICTIONS.get(model, ("xb", "stdp"))
    also = ", ".join(f"{{cmd:{name}}}" for name in others)
    words = f"{{cmd:predict}} gives {{cmd:{first}}} where nothing else is asked for, and has {also}, too."
    yield from paragraph("{pstd}", words)


OF_USERS = frozenset({"stpm2"})
"""Models that Stata's users have written: `ssc install stpm2`."""


def _manual(model: str) -> str:
    """The manual that has the model; none of one that comes from users."""
    if model in OF_USERS:
        return ""
    return "ME" if TABLE[model].random else "ST" if TABLE[model].survival else "R"


def _also_see(model: str) -> Iterator[str]:
    yield from _section("Also see")
    if manual := _manual(model):
        yield f"{{psee}}Manual:  {{manhelp {model} {manual}}}{{p_end}}"
    yield "{psee}Help:  {helpb fedfolder}, {helpb fedfolder_estimation}, {helpb fedfolder_postestimation}{p_end}"


def paragraph(begin: str, text: str) -> Iterator[str]:
    """A paragraph, broken into lines where no directive is."""
    whole = _stick(text)
    lines = textwrap.wrap(whole, WIDTH, break_long_words=False, break_on_hyphens=False)
    yield begin
    for line in lines[:-1]:
        yield line.replace("\x00", " ")
    yield lines[-1].replace("\x00", " ") + "{p_end}"


def _stick(text: str) -> str:
    """The text with its blanks inside of directives made such that no line breaks there."""
    depth, made = 0, []
    for one in text:
        depth += (one == "{") - (one == "}")
        made.append("\x00" if one == " " and depth else one)
    return "".join(made)


def package() -> str:
    """`fedfolder.pkg`: what there is in the folder."""
    lines = [
        "v 3",
        "d fedfolder: one regression over many registries, through a shared folder",
        "d",
        f"d Version {__version__}. It needs Stata 16 or newer, and Python 3.11 or newer with the",
        "d package fedfolder of the same version. After net install, type: fedfolder setup",
        "d",
        "d Support: the README of the package fedfolder",
    ]
    lines += [
        f"{'f' if path.suffix in {'.ado', '.sthlp'} else 'F'} ado/{path.name}"
        for path in sorted((STATA / "ado").iterdir())
        if path.is_file() and path.suffix != ".py"
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write them."""
    for model in TABLE:
        (STATA / "ado" / f"fedfolder_{model}.sthlp").write_text(page(model), encoding="ascii", newline="\n")
    commands = STATA / "ado" / f"{stata_help_commands.NAME}.sthlp"
    commands.write_text(stata_help_commands.page(paragraph), encoding="ascii", newline="\n")
    (STATA / "fedfolder.pkg").write_text(package(), encoding="ascii", newline="\n")


if __name__ == "__main__":
    main()
