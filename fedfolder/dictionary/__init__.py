"""A study's dictionary: what each variable is at every site, written by people, before any model is fitted."""

from __future__ import annotations

from fedfolder.dictionary.entry import Entry, made
from fedfolder.dictionary.table import parse, write
from fedfolder.dictionary.tables import from_tables
from fedfolder.dictionary.variable import TYPES, Dictionary, Kind, Type, Variable

__all__ = ["TYPES", "Dictionary", "Entry", "Kind", "Type", "Variable", "from_tables", "made", "parse", "write"]
