"""A grid of fits as text for a screen or a paper: Stata's layout, CSV, Markdown, LaTeX."""

from __future__ import annotations

import csv
import io
import math
import re
from typing import TYPE_CHECKING

from fedfolder.estimates.layout import NARROWEST, Row, abbreviate, name_width
from fedfolder.estimates.number import general
from fedfolder.estimates.sidebyside import CONTENTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from fedfolder.estimates.sidebyside import Cell, Entry, Grid, Line, Options

_CELL = 12  # %12.0g
_DIFFERENCE = 9  # %9.0g: three digits say enough of a difference
_WIDEST_LINE = 80
_SHORT = 9
_P_DECIMALS = 3
_CSV = {"ci": ("lower", "upper")}


def room_for_names(columns: int) -> int:
    """Characters that names may take beside so many columns of numbers in a line of 80."""
    return max(NARROWEST, _WIDEST_LINE - 2 - 15 * columns)


def text(grid: Grid) -> str:
    """A table in Stata's layout: lines without spaces at their ends, the last one ended too."""
    cell = max([_CELL, *(len(_aligned(c, line, grid.options)) for line in _lines(grid) for c in line.cells)])
    numbers = (cell + 3) * len(grid.names)
    entries = [entry for section in grid.sections for entry in section.entries]
    width = name_width([entry.row for entry in [*entries, *grid.statistics]], room_for_names(len(grid.names)))
    rule, crossed = "-" * (width + 2 + numbers), f"{'-' * (width + 1)}+{'-' * numbers}"
    heads = "".join(f" {abbreviate(name, cell).center(cell)}  " for name in grid.names)
    lines = [rule, Row("Variable").stub(width) + heads]
    for section in grid.sections:
        title = [f"{abbreviate(section.title, width).ljust(width)} |"] if section.title else []
        lines += [crossed, *title]
        lines += [line for entry in section.entries for line in _text_lines(entry, width, cell, grid.options)]
    if grid.statistics or not grid.sections:
        lines.append(crossed)
    lines += [line for entry in grid.statistics for line in _text_lines(entry, width, cell, grid.options)]
    lines += [rule, *(note.rjust(len(rule)) for note in legend(grid.options)), *grid.notes]
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _text_lines(entry: Entry, width: int, cell: int, options: Options) -> Iterator[str]:
    if not entry.lines:
        yield entry.row.stub(width)
    for number, line in enumerate(entry.lines):
        stub = (entry.row if number == 0 else Row("")).stub(width)
        yield stub + "".join(f" {_aligned(c, line, options).rjust(cell)}  " for c in line.cells)


def _aligned(cell: Cell, line: Line, options: Options) -> str:
    """A cell with room for the stars that it has not, so that points stand below points."""
    room = len(options.stars) - cell.stars if line.content in CONTENTS and cell.values else 0
    return cell_text(cell, options, _CELL, line.content) + " " * room


def _lines(grid: Grid) -> Iterator[Line]:
    for section in grid.sections:
        for entry in section.entries:
            yield from entry.lines
    for entry in grid.statistics:
        yield from entry.lines


def legend(options: Options) -> list[str]:
    """What the lines of a coefficient are, and what the stars mean."""
    stars = [f"{'*' * count} p<{level:g}" for count, level in enumerate(options.stars, start=1)]
    return [f"Legend: {'/'.join(options.contents)}", *(["; ".join(stars)] if stars else [])]


def cell_text(cell: Cell, options: Options, width: int = _SHORT, content: str = "") -> str:
    """A cell as a person reads it: `-.0271003*`, `-0.027`, `-.0985, .0443`, `(omitted)`, or nothing."""
    if not cell.values:
        return cell.words
    numbers = [number_text(value, cell, options, width, content) for value in cell.values]
    return ", ".join(numbers) + "*" * cell.stars


def number_text(value: float, cell: Cell, options: Options, width: int, content: str) -> str:
    """A number with the places that the options ask for; p-values have three at least."""
    if cell.is_difference:
        return general(value, _DIFFERENCE)
    if options.decimals is None or cell.is_count or not math.isfinite(value):
        return general(value, width)
    decimals = max(options.decimals, _P_DECIMALS) if content == "p" else options.decimals
    return f"{value:.{decimals}f}"


def as_csv(grid: Grid) -> str:
    """A row a coefficient and a column a number, with all digits unless the options ask for fewer."""
    contents = [name for content in grid.options.contents for name in _CSV.get(content, (content,))]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["name", *(f"{name} {content}" for name in grid.names for content in contents)])
    for section in grid.sections:
        for entry in section.entries:
            if entry.row.label is not None:
                writer.writerow([entry.row.label, *_csv_cells(entry, grid)])
    for entry in grid.statistics:
        numbers = ["".join(_csv_number(cell, grid.options)) for cell in entry.lines[0].cells]
        padding = [""] * (len(contents) - 1)
        writer.writerow([entry.row.text, *(part for number in numbers for part in (number, *padding))])
    return out.getvalue()


def _csv_cells(entry: Entry, grid: Grid) -> list[str]:
    by_content = {line.content: line for line in entry.lines}
    found: list[str] = []
    for place in range(len(grid.names)):
        for content in grid.options.contents:
            line = by_content.get(content)
            cells = _csv_number(line.cells[place], grid.options, content) if line else []
            found += cells or [""] * len(_CSV.get(content, (content,)))
    return found


def _csv_number(cell: Cell, options: Options, content: str = "") -> list[str]:
    """The numbers of a cell without stars, which no program reads; a number that is not known is empty."""
    if not cell.values:
        return [cell.words] if cell.words else []
    return [_csv_text(value, cell, options, content) if math.isfinite(value) else "" for value in cell.values]


def _csv_text(value: float, cell: Cell, options: Options, content: str) -> str:
    if options.decimals is None and not cell.is_count:
        return repr(value)
    return f"{value:.0f}" if cell.is_count else number_text(value, cell, options, _SHORT, content)


def paper_rows(grid: Grid) -> Iterator[tuple[str, str, list[str]]]:
    """The rows of a table for a paper: its kind (heading, level, plain, more, statistic), its name and its cells.

    Standard errors stand in parentheses, intervals in brackets.
    """
    for section in grid.sections:
        if section.title:
            yield "heading", section.title, [""] * len(grid.names)
        for entry in section.entries:
            if not entry.lines and entry.row.text:
                yield "heading", entry.row.text, [""] * len(grid.names)
            for number, line in enumerate(entry.lines):
                kind = "more" if number else "level" if entry.row.is_level else "plain"
                yield kind, "" if number else entry.row.text, [_for_paper(c, grid.options, line) for c in line.cells]
    for entry in grid.statistics:
        yield "statistic", entry.row.text, [_for_paper(c, grid.options, entry.lines[0]) for c in entry.lines[0].cells]


_AROUND = {"se": "({})", "ci": "[{}]"}


def _for_paper(cell: Cell, options: Options, line: Line) -> str:
    found = cell_text(cell, options, _SHORT, line.content)
    return _AROUND.get(line.content, "{}").format(found) if cell.values else found


def markdown(grid: Grid) -> str:
    """A pipe table; levels are indented by two hard spaces."""
    head = ["", *map(_markdown_escaped, grid.names)]
    lines = [_piped(head), _piped([":---", *["---:"] * len(grid.names)])]
    for kind, name, cells in paper_rows(grid):
        shown = ("&nbsp;&nbsp;" if kind == "level" else "") + _markdown_escaped(name)
        lines.append(_piped([shown, *map(_markdown_escaped, cells)]))
    notes = [_markdown_escaped(note) for note in (*legend(grid.options), *grid.notes)]
    return "\n".join([*lines, "", *(f"{note}  " for note in notes[:-1]), *notes[-1:]]) + "\n"


def _piped(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _markdown_escaped(shown: str) -> str:
    return re.sub(r"([\\`*_{}\[\]<>#|~])", r"\\\1", shown)


_LATEX = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    **{sign: f"\\{sign}" for sign in "&%$#_"},
}


def latex(grid: Grid) -> str:
    """A `tabular` that needs no package; numbers stand in mathematics, so that a minus is one."""
    columns = len(grid.names)
    lines = [f"\\begin{{tabular}}{{l{'r' * columns}}}", r"\hline"]
    lines += [_row(["", *map(latex_escaped, grid.names)]), r"\hline"]
    before = ""
    for kind, name, cells in paper_rows(grid):
        if kind == "statistic" != before:
            lines.append(r"\hline")
        indent = r"\quad " if kind == "level" else ""
        lines.append(_row([indent + latex_escaped(name), *map(_latex_number, cells)]))
        before = kind
    lines.append(r"\hline")
    for note in (*legend(grid.options), *grid.notes):
        lines.append(_row([f"\\multicolumn{{{columns + 1}}}{{l}}{{\\footnotesize {latex_escaped(note)}}}"]))
    return "\n".join([*lines, r"\end{tabular}"]) + "\n"


def _row(cells: Sequence[str]) -> str:
    return f"{' & '.join(cells)} \\\\"


def latex_escaped(shown: str) -> str:
    """Text with LaTeX's own signs escaped."""
    return "".join(_LATEX.get(sign, sign) for sign in shown)


def _latex_number(shown: str) -> str:
    match = re.fullmatch(r"([-+.,0-9e ()\[\]]*[0-9][-+.,0-9e ()\[\]]*)(\**)", shown)
    if match is None:
        return latex_escaped(shown)
    number = match[1].replace(", ", r",\ ")
    return f"${number}^{{{match[2]}}}$" if match[2] else f"${number}$"


FORMATS: dict[str, Callable[[Grid], str]] = {"text": text, "csv": as_csv, "markdown": markdown, "latex": latex}
"""Every format that is text, by name."""
