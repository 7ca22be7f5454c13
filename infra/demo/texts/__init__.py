"""The invented company, its people's names, and what is said: read from the TOML files here."""

from __future__ import annotations

import tomllib
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from domain.complaint.values import JourneyStage, Kind

Texts = tuple[str, ...]


class Strict(Struct, frozen=True, forbid_unknown_fields=True):
    """Read from a file that holds nothing else."""


class Store(Strict, frozen=True):
    city: str
    state: str
    name: str


class Team(Strict, frozen=True):
    name: str
    analysts: Texts


class Sector(Strict, frozen=True):
    name: str
    of: str
    """The contraction before its name: da Logística."""
    answers: float
    """The share of questions that it answers."""


class Product(Strict, frozen=True):
    name: str
    full: str
    short: str
    gender: str
    line: str
    prices: tuple[int, int]
    maker: str = ""
    assembled: bool = False
    damages: Texts = ()
    defects: Texts = ()
    missing: Texts = ()
    hazards: Texts = ()


class Company(Strict, frozen=True):
    name: str
    short: str
    carriers: Texts
    banks: Texts
    stores: tuple[Store, ...]
    neighbourhoods: Texts
    teams: tuple[Team, ...]
    sectors: tuple[Sector, ...]
    products: tuple[Product, ...]

    def sector(self, name: str) -> Sector:
        """The sector of this name."""
        return next(sector for sector in self.sectors if sector.name == name)


class Cause(Strict, frozen=True):
    """Where complaints come from; once `fixed`, only the share `left` of them still comes."""

    sector: str
    cause: str
    weight: float
    questions: Texts
    answers: Texts
    explanations: Texts
    product: str | None = None
    only: Texts = ()
    """The products that it befalls; none: any."""
    fixed: date | None = None
    left: float = 1.0
    carrier: str | None = None
    texts: dict[str, tuple[int, ...]] = {}
    """Which of the story's texts go with it, by the name of their list; all of those that are not named."""


class Story(Strict, frozen=True):
    """What people write about one matter, and what becomes of it. `share`: how many in the year.

    A text may begin with a subject of its own, `subject ;; text`; an upheld one begins with its redress,
    `refund:price ;; text`. The n-th reply answers the n-th of the asks where there are as many.
    """

    key: str
    category: str
    lines: Texts
    share: int
    season: str
    team: str
    severity: tuple[int, int, int, int]
    subjects: Texts
    written: Texts
    told: Texts
    kind: Kind = "complaint"
    stage: JourneyStage | None = None
    days: tuple[int, int] = (4, 22)
    gap: tuple[int, int] = (5, 14)
    remedies: Texts = ()
    asks: Texts = ()
    replies: Texts = ()
    contacts: Texts = ()
    promises: Texts = ()
    reopens: Texts = ()
    upheld: Texts = ()
    rejected: Texts = ()
    assembled: bool = False
    """Only about furniture that is put together at home."""
    causes: tuple[Cause, ...] = ()


class Names(Strict, frozen=True):
    women: Texts
    men: Texts
    surnames: Texts
    organisations: Texts
    organisation_names: Texts


class Phrases(Strict, frozen=True):
    """By occasion; `comments` by the score from 1 to 5."""

    openings: dict[str, Texts]
    closings: dict[str, Texts]
    case: dict[str, Texts]
    comments: dict[str, Texts]


@cache
def company() -> Company:
    return msgspec.convert(_read("company"), Company)


@cache
def names() -> Names:
    return msgspec.convert(_read("names"), Names)


@cache
def phrases() -> Phrases:
    return msgspec.convert(_read("phrases"), Phrases)


@cache
def stories() -> tuple[Story, ...]:
    found = [
        story for name in ("delivery", "payments", "products", "others") for story in _read(name)["stories"]
    ]
    return msgspec.convert(found, tuple[Story, ...])


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((Path(__file__).parent / f"{name}.toml").read_text(encoding="utf-8"))
