"""One spelling for texts that look alike, so that two sites do not have two levels without seeing it."""

from __future__ import annotations

import re
import unicodedata

_BLANKS = re.compile("[ \u00a0\u2007\u202f]+")


def tidied(text: str) -> str:
    """The text in Unicode's form NFC, without blanks at its ends, and with one blank where several stood.

    A blank that keeps words on one line is a blank. Letters keep their case.
    """
    if text.isascii():
        bare = text.strip()
        return _BLANKS.sub(" ", bare) if "  " in bare else bare
    return _BLANKS.sub(" ", unicodedata.normalize("NFC", text)).strip()
