"""Many short texts at a time: up to eight bytes as one number, which arrays can look up, compare and turn into numbers.

A cell of a registry's file is mostly a code, a year or a measurement of a few digits. Eight bytes of it, zeros behind,
are a uint64, the first byte the lowest: two cells are the same text exactly if these are equal (no text here holds a
NUL). So millions of cells are cut, looked up and read without one Python object for each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

LONGEST = 8
"""Bytes of a text that is a key."""
MANY = 4_096
"""Keys that are looked up in one sorted array; of more, each text is looked at by itself."""
_TABLE_BITS = 14

_MASKS = np.array([(1 << (8 * length)) - 1 for length in range(LONGEST + 1)], dtype="<u8")
"""The bytes of a text of each length."""
_ZEROS = np.array([0x3030303030303030 >> (8 * length) if length < LONGEST else 0 for length in range(9)], dtype="<u8")
"""Digits 0 in front of a number of each length, once it is moved to the end of its eight bytes."""
_SHIFTS = np.array([8 * (LONGEST - length) for length in range(LONGEST + 1)], dtype="<u8")
_SHIFTS[0] = 0
_THREE, _SIGN_BIT = np.uint64(3), np.uint64(63)
_POWERS = 10.0 ** np.arange(LONGEST + 1)


def _word_at(buffer: bytes, starts: NDArray[np.intp]) -> NDArray[np.uint64]:
    """The eight bytes from each place on; a place near the end needs eight bytes behind it."""
    words = np.ndarray((len(buffer) - LONGEST + 1,), dtype="<u8", buffer=buffer, strides=(1,))
    found: NDArray[np.uint64] = words[starts]
    return found


def keys_of(buffer: bytes, starts: NDArray[np.intp], lengths: NDArray[np.intp]) -> NDArray[np.uint64]:
    """The keys of texts of at most eight bytes that stand in a buffer."""
    found: NDArray[np.uint64] = _word_at(buffer, starts) & _MASKS.take(lengths, mode="clip")
    return found


def key(text: bytes) -> int:
    """The key of one text."""
    return int.from_bytes(text, "little")


def spelled(keys: NDArray[np.uint64]) -> list[bytes]:
    """The texts that keys stand for."""
    found: list[bytes] = np.ascontiguousarray(keys, dtype="<u8").view(f"S{LONGEST}").tolist()
    return found


def numbers(keys: NDArray[np.uint64], decimal: str) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The number that each text spells in digits alone, with a sign or a decimal sign; and whether it does.

    Up to eight digits are a whole number below 10^8, and the power of ten that the decimals stand for is exact as well:
    their quotient is the float64 nearest to what is written, the one that `float` gives.

    Returns
    -------
    values : (n,) float64
        Anything where there is no number.
    plain : (n,) bool
        Exponents, blanks, words and the empty text are not plain.
    """
    # Which text has a sign, or decimals, is as good as random: sums and shifts are sooner done than choices.
    first = keys & np.uint64(0xFF)
    negative = first == ord("-")
    signed = negative | (first == ord("+"))
    digits = keys >> (signed.astype(np.uint64) << _THREE)
    length = _lengths(digits)
    whole = length
    if decimal:
        digits, whole, length = _without(digits, length, decimal)
    digits = (digits << _SHIFTS.take(length, mode="clip")) | _ZEROS.take(length, mode="clip")
    plain = (length > 0) & _are_digits(digits)
    values = _read(digits).astype(np.float64)
    if decimal:
        values /= _POWERS.take(length - whole, mode="clip")
    bits = values.view(np.uint64)
    bits |= negative.astype(np.uint64) << _SIGN_BIT
    return values, plain


def _lengths(keys: NDArray[np.uint64]) -> NDArray[np.intp]:
    """The bytes of each text: those that are not zero."""
    lower, top = np.uint64(0x7F7F7F7F7F7F7F7F), np.uint64(0x8080808080808080)
    found: NDArray[np.intp] = np.bitwise_count((((keys & lower) + lower) | keys) & top).astype(np.intp)
    return found


def _without(
    digits: NDArray[np.uint64], length: NDArray[np.intp], sign: str
) -> tuple[NDArray[np.uint64], NDArray[np.intp], NDArray[np.intp]]:
    """The texts without their first decimal sign, the bytes in front of it, and the bytes that are left."""
    each = np.uint64(0x0101010101010101)
    there = digits ^ (each * np.uint64(ord(sign)))
    # Of the bytes that are zero now, the lowest has its top bit set here, and none below it has.
    found = (there - each) & ~there & (each << np.uint64(7))
    # Without any, all bits are below it.
    places = (np.bitwise_count((found - np.uint64(1)) & ~found) >> 3).astype(np.intp)
    mask = _MASKS.take(places, mode="clip")
    bare = (digits & mask) | ((digits >> np.uint64(8)) & ~mask)
    return bare, np.minimum(places, length), length - (found != 0)


def _are_digits(eight: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Whether all eight bytes are digits: the upper half of each is 3, and still is when 6 is added."""
    upper, threes, sixes = map(np.uint64, (0xF0F0F0F0F0F0F0F0, 0x3030303030303030, 0x0606060606060606))
    found: NDArray[np.bool_] = ((eight & upper) == threes) & (((eight + sixes) & upper) == threes)
    return found


def _read(eight: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The whole number that eight digits spell: neighbours are put together, then pairs, then fours."""
    found = ((eight & np.uint64(0x0F0F0F0F0F0F0F0F)) * np.uint64(2561)) >> np.uint64(8)
    found = ((found & np.uint64(0x00FF00FF00FF00FF)) * np.uint64(6553601)) >> np.uint64(16)
    return ((found & np.uint64(0x0000FFFF0000FFFF)) * np.uint64(42949672960001)) >> np.uint64(32)


class Lookup:
    """What texts stand for, each worked out once: keys in their order, and a value beside each.

    Parameters
    ----------
    meaning : callable
        Gives the value of a text. Texts are asked about in the order in which they first appear.
    dtype : numpy type
        Of the values.
    """

    def __init__(self, meaning: Callable[[bytes], float], dtype: type[Any]) -> None:
        self._meaning = meaning
        self._keys = np.empty(0, dtype="<u8")
        self._values = np.empty(0, dtype=dtype)
        self._table = np.zeros(1 << _TABLE_BITS, dtype=np.intp)

    def __len__(self) -> int:
        """How many texts there were."""
        return len(self._keys)

    def at(self, keys: NDArray[np.uint64]) -> NDArray[Any]:
        """The value of each text, shape `(n,)`."""
        if not len(keys):
            return self._values[:0]
        if not len(self._keys):
            self._learn(keys)
        places = self._table.take(_slots(keys), mode="clip")
        others = np.flatnonzero(self._keys.take(places, mode="clip") != keys)
        if len(others):
            # New texts, and those that share their slot with another.
            rest = keys[others]
            at = np.minimum(np.searchsorted(self._keys, rest), len(self._keys) - 1)
            new = rest[self._keys[at] != rest]
            if len(new):
                self._learn(new)
                return self.at(keys)
            places[others] = at
        return self._values.take(places, mode="clip")

    def _learn(self, keys: NDArray[np.uint64]) -> None:
        """Take in new texts."""
        new, first = np.unique(keys, return_index=True)
        order = np.argsort(first)
        values = np.empty(len(new), dtype=self._values.dtype)
        values[order] = [self._meaning(text) for text in spelled(new[order])]
        joined = np.concatenate([self._keys, new])
        places = np.argsort(joined)
        self._keys, self._values = joined[places], np.concatenate([self._values, values])[places]
        self._table[_slots(self._keys)] = np.arange(len(self._keys))


def _slots(keys: NDArray[np.uint64]) -> NDArray[np.intp]:
    """A place in a table for each key, in which other keys may be as well: the top bits of a product (Knuth, 6.4)."""
    return ((keys * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(64 - _TABLE_BITS)).astype(np.intp)
