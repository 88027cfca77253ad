"""Generator of library records: their ids, artists, titles and special roles."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from random import Random
from typing import Literal

from wxyc_sandbox import names
from wxyc_sandbox.backend import GENRES
from wxyc_sandbox.lml.seeded_random import fold

FIRST_MINTED = 1_000_000
VARIOUS = ("Various Artists", *(f"Various Artists - {genre}" for genre in GENRES))

Role = Literal["compilation", "nameless", "wants artwork", "has artwork", "off discogs", "ordinary"]

# Counts at scale 1.
RECORDS, LARGEST_ID = 64_676, 70_000
ARTISTS, ARTISTS_ON_DISCOGS = 23_816, 5_787
CANONICAL, IDENTIFIED, ATTEMPTED = 29_781, 14_405, 300
ROLES: dict[Role, int] = {
    "compilation": 6_300,
    "nameless": 300,
    "wants artwork": 18_295,
    "has artwork": 155,
    "off discogs": 400,
}
BY_ARTISTS_ON_DISCOGS: frozenset[Role] = frozenset({"wants artwork", "has artwork", "off discogs"})


@dataclass(frozen=True, slots=True)
class Record:
    """The part of a library row that other rows depend on."""

    id: int
    legacy_release_id: int
    role: Role
    artist_id: int
    title: str
    lettered: bool
    credited: bool
    canonical: bool
    identified: bool
    attempted: bool


@dataclass(frozen=True)
class RecordGenerator:
    """Records that depend on `scale` and `seed` alone.

    Artists are numbered from 1, `VARIOUS` first.
    """

    scale: float
    seed: int

    def records(self) -> Iterator[Record]:
        """Yield records by ascending id; about 1 in 12 is another format of the previous one."""
        random = self.random("records")
        previous: Record | None = None
        for index, role in enumerate(self._roles):
            record = self._record(index, role, random)
            if previous and role == previous.role != "compilation" and random.random() < 0.2:
                record = replace(record, artist_id=previous.artist_id, title=previous.title)
            yield record
            previous = record

    def random(self, purpose: str) -> Random:
        """Return a generator of its own per purpose, so that they stay independent."""
        return Random(f"{self.seed} {purpose}")

    @cached_property
    def ids(self) -> list[int]:
        largest = max(self._scaled(LARGEST_ID), self._scaled(RECORDS))
        return sorted(self.random("ids").sample(range(1, largest + 1), self._scaled(RECORDS)))

    @cached_property
    def artist_names(self) -> list[str]:
        count = max(self._scaled(ARTISTS) - len(VARIOUS), 2)
        return [*VARIOUS, *map(names.artist, range(count))]

    @cached_property
    def known_as(self) -> list[tuple[object, ...]]:
        """Return each artist's true identity, as `real_world.artist_ids` takes it.

        The first artist of a folded name is the one whom LML knows by it. Of the others one in four
        is the same artist, entered twice.
        """
        known: set[str] = set()
        people: list[tuple[object, ...]] = []
        for id, name in enumerate(map(fold, self.artist_names), start=1):
            is_namesake = name in known and id % 4 != 0
            people.append((name, "namesake", id) if is_namesake else (name,))
            known.add(name)
        return people

    @cached_property
    def artists_on_discogs(self) -> set[int]:
        count = min(self._scaled(ARTISTS_ON_DISCOGS), len(self._single_artists) - 1)
        return set(self.random("artists on discogs").sample(self._single_artists, count))

    @cached_property
    def identified_ids(self) -> list[int]:
        return [self.ids[index] for index in sorted(self._identified)]

    def _record(self, index: int, role: Role, random: Random) -> Record:
        id = self.ids[index]
        minted = index > 0.98 * len(self.ids)
        cohort = random.random() if role == "compilation" else None
        return Record(
            id=id,
            # Scattered over the ids of other records, so that a mix-up of the two shows.
            legacy_release_id=FIRST_MINTED + id if minted else id * 7_919 % 999_983,
            role=role,
            artist_id=self._artist(role, random),
            title=names.title(random.randrange(100_000)),
            lettered=cohort is not None and cohort > 0.03,
            credited=cohort is not None and not 0.03 < cohort < 0.06,
            canonical=index in self._canonical,
            identified=index in self._identified,
            attempted=index in self._attempted,
        )

    def _artist(self, role: Role, random: Random) -> int:
        """Draw an artist: mostly but not always "Various Artists" for a compilation."""
        various = 0.94 if role == "compilation" else 0.001 if role == "ordinary" else 0
        if random.random() < various:
            return random.randrange(1, len(VARIOUS) + 1)
        pool = self._artist_pools[role in BY_ARTISTS_ON_DISCOGS]
        return pool[int(len(pool) * random.random() ** 1.5)]

    @property
    def _single_artists(self) -> range:
        return range(len(VARIOUS) + 1, len(self.artist_names) + 1)

    @cached_property
    def _artist_pools(self) -> dict[bool, list[int]]:
        known = self.artists_on_discogs
        return {
            True: [id for id in self._single_artists if id in known],
            False: [id for id in self._single_artists if id not in known],
        }

    @cached_property
    def _roles(self) -> list[Role]:
        roles: list[Role] = [role for role, n in ROLES.items() for _ in range(self._scaled(n))]
        roles.extend("ordinary" for _ in range(len(self.ids) - len(roles)))
        self.random("roles").shuffle(roles)
        return roles

    @cached_property
    def _identified(self) -> set[int]:
        singles = [index for index, role in enumerate(self._roles) if role != "compilation"]
        return set(self.random("identified").sample(singles, self._scaled(IDENTIFIED)))

    @cached_property
    def _unidentified(self) -> list[int]:
        left = [index for index in range(len(self.ids)) if index not in self._identified]
        self.random("unidentified").shuffle(left)
        return left

    @cached_property
    def _canonical(self) -> set[int]:
        more = self._scaled(CANONICAL) - len(self._identified)
        return self._identified | set(self._unidentified[:more])

    @cached_property
    def _attempted(self) -> set[int]:
        return set(self._unidentified[-self._scaled(ATTEMPTED) :])

    def _scaled(self, count: int) -> int:
        return max(round(count * self.scale), 1)
