"""The errors in what a sandbox's library says about its records."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

import psycopg

from wxyc_sandbox.library import SandboxLibrary
from wxyc_sandbox.lml.catalogue import Catalogue, CatalogueEntry
from wxyc_sandbox.lml.mistakes import other_album, other_edition
from wxyc_sandbox.lml.seeded_random import fold
from wxyc_sandbox.real_world import artist_ids, first_release, release_cover
from wxyc_sandbox.records import Record

IDENTITIES = b"""
    select library_id, jsonb_object_agg(source, external_id)
    from library_identity_source
    group by library_id
"""
COVERS = b"select id, artwork_url from library where artwork_url is not null"


class IdentityError(StrEnum):
    """An error in an identity: the owner of its ids."""

    NAMESAKE = "namesake"
    """Those of another artist of the same name."""
    OTHER_ARTIST = "other_artist"
    """Those of one artist of the library with another name."""
    ONE_SOURCE = "one_source"
    """Those of the right artist, but for one or some sources."""
    STRANGER = "stranger"
    """Those of nobody in the library."""


class CoverError(StrEnum):
    """An error in a cover: the thing that it shows."""

    OTHER_ALBUM = "other_album"
    """Another album of the library."""
    SIMILAR_TITLE = "similar_title"
    """An album with a similar title, not in the library."""
    OTHER_EDITION = "other_edition"
    """A release with the album's names that is none of the album's."""
    UNKNOWN = "unknown"
    """Something that LML never sends."""


@dataclass(frozen=True)
class Truth:
    """The truth about the records of a library."""

    library: SandboxLibrary

    def identity_error(
        self, library_id: int, external_ids: Mapping[str, str]
    ) -> IdentityError | None:
        """Return what is wrong with external ids (by source) of a record's artist."""
        artist = self.library.generator.known_as[self._records[library_id].artist_id - 1]
        right = artist_ids(*artist)
        wrong = {source: id for source, id in external_ids.items() if id != right[source]}
        if not wrong:
            return None
        if wrong.items() <= artist_ids(artist[0]).items():
            return IdentityError.NAMESAKE
        if len(wrong) < len(external_ids):
            return IdentityError.ONE_SOURCE
        owners = {self._owners.get(each) for each in wrong.items()}
        return IdentityError.STRANGER if None in owners else IdentityError.OTHER_ARTIST

    def cover_error(self, library_id: int, url: str) -> CoverError | None:
        """Return what is wrong with the cover of a record."""
        record = self._records[library_id]
        artist, title = fold(self._artist_name(record)), fold(record.title)
        if url in self._covers_of(artist, title):
            return None
        if any(url in self._covers_of(artist, other) for other in self._catalogue.titles(artist)):
            return CoverError.OTHER_ALBUM
        if url == release_cover(other_album(artist, title)):
            return CoverError.SIMILAR_TITLE
        is_edition = url == release_cover(other_edition(artist, title))
        return CoverError.OTHER_EDITION if is_edition else CoverError.UNKNOWN

    def identity_errors(self, connection: psycopg.Connection) -> dict[int, IdentityError | None]:
        """Return the error of each identity in the database, None for a right one.

        The connection's search path leads to the Backend's tables.
        """
        rows = connection.execute(IDENTITIES).fetchall()
        return {library_id: self.identity_error(library_id, ids) for library_id, ids in rows}

    def cover_errors(self, connection: psycopg.Connection) -> dict[int, CoverError | None]:
        """Return the error of each cover in the database, None for a right one."""
        rows = connection.execute(COVERS).fetchall()
        return {library_id: self.cover_error(library_id, url) for library_id, url in rows}

    @cached_property
    def _records(self) -> dict[int, Record]:
        return {record.id: record for record in self.library.generator.records()}

    @cached_property
    def _owners(self) -> dict[tuple[str, str], int]:
        """Artists by source and external id."""
        people = enumerate(self.library.generator.known_as, start=1)
        return {each: id for id, person in people for each in artist_ids(*person).items()}

    @cached_property
    def _catalogue(self) -> Catalogue:
        return Catalogue(self.library.catalogue())

    def _covers_of(self, artist: str, title: str) -> list[str]:
        """Return the covers of an album's formats; of one format if LML does not know it."""
        formats = self._catalogue.find(artist, title) or [CatalogueEntry(0, artist, title)]
        first = first_release(artist, title)
        return [release_cover(first + at) for at in range(len(formats))]

    def _artist_name(self, record: Record) -> str:
        return self.library.generator.artist_names[record.artist_id - 1]
