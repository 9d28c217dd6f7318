"""Any bytes, given to any reader of foreign bytes, are read or end with one of our own errors, soon."""

from __future__ import annotations

import io
import random
import time
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fedfolder.errors import FedfolderError, MessageError
from fedfolder.exchange import parcel
from tests.fuzz.mutation import TOKENS, mutated
from tests.fuzz.readers import READERS, Reader, all_kinds, asked_kinds, attempt

SECONDS = 5.0
"""Of this thread's processor time, for one reading."""
QUICK, SLOW = 40, 15
"""Changed contents that each reader is given: those of memory, and those that lie in a file."""

UNHURRIED = settings(deadline=None, database=None, suppress_health_check=list(HealthCheck))


def soon(reader: Reader, content: bytes) -> None:
    begun = time.thread_time()
    attempt(reader, content)
    assert time.thread_time() - begun < SECONDS


@pytest.mark.parametrize("name", READERS)
def test_what_is_valid_is_read(name):
    for seed in READERS[name].seeds:
        READERS[name].read(seed)


@pytest.mark.parametrize("name", READERS)
def test_changed_bytes_are_read_or_end_with_an_error_of_ours(name):
    reader = READERS[name]

    @settings(UNHURRIED, max_examples=SLOW if reader.slow else QUICK)
    @given(seed=st.integers(0, 2**32))
    def check(seed):
        soon(reader, mutated(random.Random(seed), reader.seeds))  # noqa: S311 - no secret

    check()


@pytest.mark.parametrize("name", READERS)
def test_any_bytes_are_read_or_end_with_an_error_of_ours(name):
    reader = READERS[name]

    @settings(UNHURRIED, max_examples=10)
    @given(content=st.binary(max_size=60) | st.sampled_from(TOKENS))
    def check(content):
        soon(reader, content)

    check()


def test_every_kind_of_question_has_a_reader_of_its_answers():
    assert asked_kinds() == all_kinds()


def test_a_reader_that_fails_otherwise_is_found():
    def fails(_content: bytes) -> object:
        raise KeyError

    with pytest.raises(KeyError):
        attempt(Reader("failing", [b"x"], fails), b"x")
    assert not attempt(READERS["strict JSON"], b"{")
    assert issubclass(MessageError, FedfolderError)


def test_a_parcel_whose_content_is_damaged_is_said_to_be_so():
    """A stick that was pulled out: the directory of the zip is whole, what it points at is not."""
    content = bytearray(READERS["parcel"].seeds[0])
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        at = max(entry.header_offset + 30 + len(entry.filename) for entry in archive.infolist())
    content[at : at + 40] = b"\xff" * 40
    with pytest.raises(MessageError, match="cannot be opened"):
        parcel.unpack(bytes(content), where="parcel")
