"""`SFIToolkit` of `sfi`, after its page in Stata's Python API documentation."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.stata.standin import current
from tests.stata.standin.errors import MESSAGES, StataError
from tests.stata.standin.formats import formatted
from tests.stata.standin.sfi.errors import BreakError, Ended, SFIError
from tests.stata.standin.values import is_name, is_variable_name


class SFIToolkit:
    """A set of core tools."""

    @staticmethod
    def display(s, asis=False):  # noqa: FBT002
        """Show text; SMCL in it is carried out unless `asis`."""
        current.session().results.show(str(s), asis=asis)

    @staticmethod
    def displayln(s, asis=False):  # noqa: FBT002
        """Show a line."""
        current.session().results.line(str(s), asis=asis)

    @staticmethod
    def eclear():
        """Clear e()."""
        current.session().memory.e.clear()

    @staticmethod
    def error(rc):
        """Show Stata's own message for a return code."""
        current.session().results.line(MESSAGES.get(rc, ""), wrong=True)
        return rc

    @staticmethod
    def errprint(s, asis=False):  # noqa: FBT002
        """Show text as an error."""
        current.session().results.show(str(s), wrong=True, asis=asis)

    @staticmethod
    def errprintln(s, asis=False):  # noqa: FBT002
        """Show a line as an error."""
        current.session().results.line(str(s), wrong=True, asis=asis)

    @staticmethod
    def exit(rc=0):
        """End what runs, with a return code."""
        raise Ended(rc)

    @staticmethod
    def formatValue(value, format):  # noqa: A002, N802
        """A number in one of Stata's formats."""
        return formatted(value, format)

    @staticmethod
    def getCallerVersion():  # noqa: N802
        """The version of the program that called Python."""
        return current.session().version

    @staticmethod
    def getTempFile():  # noqa: N802
        """The name of a file that Stata deletes at the end."""
        return str(Path(tempfile.gettempdir(), f"St{current.session().temporary_name()}.tmp"))

    @staticmethod
    def getTempName():  # noqa: N802
        """A name that nothing has."""
        return current.session().temporary_name()

    @staticmethod
    def getWorkingDir():  # noqa: N802
        """Stata's working directory."""
        return str(Path.cwd())

    @staticmethod
    def isValidName(name):  # noqa: N802
        """Whether a name is one for Stata."""
        return is_name(name)

    @staticmethod
    def isValidVariableName(name):  # noqa: N802
        """Whether a name may be a variable's."""
        return is_variable_name(name)

    @staticmethod
    def macroExpand(s):  # noqa: N802
        """The text with its macros expanded."""
        return current.session().expand(s)

    @staticmethod
    def pollnow():
        """Let Stata look at its windows at once; a press of Break shows here."""
        if current.session().polled():
            raise BreakError("Break was pressed")

    @staticmethod
    def pollstd():
        """The same, at Stata's own interval."""
        SFIToolkit.pollnow()

    @staticmethod
    def rclear():
        """Clear r()."""
        current.session().memory.r.clear()

    @staticmethod
    def sclear():
        """Clear s()."""
        current.session().memory.returned["s"].clear()

    @staticmethod
    def stata(s, echo=False):  # noqa: FBT002
        """Run a command where the program is that called Python."""
        session = current.session()
        if echo:
            session.results.line(f". {s}", asis=True)
        try:
            session.execute(s)
        except StataError as error:
            raise SFIError("failed to execute the Stata command") from error
