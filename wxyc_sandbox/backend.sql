-- The part of the Backend's schema that this project touches, in the schema that search_path names.

create function fold_artist_name(name text)
returns text
language sql
immutable strict parallel safe
as $$ select lower(regexp_replace(normalize(name, NFD), '[\u0300-\u036f]', '', 'g')) $$;


create table artists (
  id serial primary key,
  artist_name varchar(128) not null,
  alphabetical_name varchar(128) not null,
  code_letters varchar(4) not null,
  add_date date default current_date,
  last_modified timestamptz default now(),
  discogs_artist_id integer,
  musicbrainz_artist_id varchar(64),
  wikidata_qid varchar(32),
  spotify_artist_id varchar(64),
  apple_music_artist_id varchar(64),
  bandcamp_id varchar(255)
);

create index artists_folded_name on artists (fold_artist_name(artist_name));
create index artists_code_letters on artists (code_letters);
create index artists_discogs on artists (discogs_artist_id) where discogs_artist_id is not null;


create table library (
  id serial primary key,
  artist_id integer not null references artists,
  genre_id integer not null,
  format_id integer not null,
  alternate_artist_name varchar(128),
  album_artist varchar(128),
  album_title varchar(128) not null,
  label varchar(128),
  code_number smallint not null,
  code_volume_letters varchar(4),
  disc_quantity smallint not null default 1,
  plays integer not null default 0,
  legacy_release_id integer not null unique,
  add_date timestamptz default now(),
  last_modified timestamptz not null default now(),
  on_streaming boolean,
  artwork_url varchar(512),
  artist_name varchar(128),
  canonical_entity_id text,
  canonical_entity_confidence real,
  canonical_entity_resolved_at timestamptz,
  unresolved_attempted_at timestamptz,
  discogs_unavailable boolean not null default false,
  discogs_unavailable_note varchar(500),
  last_discogs_recheck_at timestamptz,
  search_doc tsvector generated always as (
    setweight(to_tsvector('simple', coalesce(artist_name, '')), 'A')
    || setweight(to_tsvector('simple', album_title), 'B')
  ) stored,
  constraint library_note_needs_flag
    check (discogs_unavailable_note is null or discogs_unavailable)
);

create index library_search on library using gin (search_doc);
create index library_artist on library (artist_id);
create index library_artist_name on library (lower(artist_name));
create index library_album_title on library (lower(album_title));
create index library_code on library (genre_id, code_number, code_volume_letters);
create index library_add_date on library (add_date);
create index library_canonical_entity on library (canonical_entity_id);
create index library_without_artwork on library (artist_id)
  where artwork_url is null and not discogs_unavailable;


create table library_identity (
  library_id integer primary key references library,
  discogs_master_id integer,
  discogs_release_id integer,
  musicbrainz_release_group_mbid uuid,
  musicbrainz_release_mbid uuid,
  musicbrainz_recording_mbid uuid,
  wikidata_qid text,
  spotify_id text,
  apple_music_id text,
  last_verified_at timestamptz not null,
  method text not null,
  confidence real not null check (confidence between 0 and 1),
  agreement_sources text,
  notes text,
  distinct_unresolved_sources integer
    generated always as (num_nulls(wikidata_qid, spotify_id, apple_music_id)) stored
);

create index library_identity_verified on library_identity (last_verified_at);


create table library_identity_source (
  library_id integer not null references library,
  source text not null,
  external_id text not null,
  method text not null,
  confidence real not null check (confidence between 0 and 1),
  last_verified_at timestamptz not null,
  boost_sources text,
  notes text,
  primary key (library_id, source)
);

create index library_identity_source_external on library_identity_source (source, external_id);


-- A history outlives its library row: no foreign key.
create table library_identity_history (
  history_id serial primary key,
  library_id integer not null,
  discogs_master_id integer,
  discogs_release_id integer,
  musicbrainz_release_group_mbid uuid,
  musicbrainz_release_mbid uuid,
  musicbrainz_recording_mbid uuid,
  wikidata_qid text,
  spotify_id text,
  apple_music_id text,
  last_verified_at timestamptz,
  method text,
  confidence real,
  agreement_sources text,
  notes text,
  superseded_at timestamptz not null default now(),
  superseded_reason text not null,
  reason_category text,
  archived_at timestamptz
);

create index library_identity_history_library on library_identity_history (library_id);


create table compilation_track_artist (
  id serial primary key,
  library_id integer not null references library on delete cascade,
  artist_name varchar(255) not null,
  track_title varchar(255),
  track_position varchar(20),
  track_artist_id integer references artists on delete set null,
  track_artist_link_confidence real check (track_artist_link_confidence between 0 and 1),
  track_artist_link_method text,
  unique (library_id, artist_name, track_title)
);

create unique index compilation_track_artist_untitled
  on compilation_track_artist (library_id, artist_name)
  where track_title is null;
create index compilation_track_artist_artist on compilation_track_artist (track_artist_id);


create type rotation_bin as enum ('S', 'L', 'M', 'H');

create table rotation (
  id serial primary key,
  album_id integer references library,
  legacy_rotation_id integer,
  rotation_bin rotation_bin not null,
  add_date date not null default current_date,
  kill_date date,
  artist_name varchar(128),
  album_title varchar(128),
  record_label varchar(128),
  discogs_release_id integer,
  lml_identity_id integer
);

create index rotation_album on rotation (album_id);


create table library_watermark (
  id integer primary key check (id = 1),
  moved_at timestamptz not null,
  version bigint not null
);

insert into library_watermark values (1, now(), 0);


create function move_library_watermark()
returns trigger
language plpgsql
set search_path from current
as $$
begin
  update library_watermark set moved_at = clock_timestamp(), version = version + 1;
  return null;
end
$$;

create trigger library_moved_by_update
  after update of
    artist_id, genre_id, format_id, alternate_artist_name, album_artist, album_title, label,
    code_number, code_volume_letters, disc_quantity, legacy_release_id, on_streaming, artwork_url,
    artist_name, canonical_entity_id, discogs_unavailable
  on library
  for each statement execute function move_library_watermark();

create trigger library_moved_by_rows
  after insert or delete or truncate on library
  for each statement execute function move_library_watermark();


create function cascade_artist_name()
returns trigger
language plpgsql
set search_path from current
as $$
begin
  update library set artist_name = new.artist_name where artist_id = new.id;
  return null;
end
$$;

create trigger artist_renamed
  after update of artist_name on artists
  for each row
  when (old.artist_name is distinct from new.artist_name)
  execute function cascade_artist_name();


-- A payload of 8,000 bytes would fail the write that it announces.
create function announce_change()
returns trigger
language plpgsql
as $$
declare
  changed record := coalesce(new, old);
  payload text := json_build_object('table', tg_table_name, 'operation', tg_op, 'row', changed);
begin
  if octet_length(payload) >= 8000 then
    payload := json_build_object(
      'table', tg_table_name, 'operation', tg_op, 'id', changed.id, 'truncated', true
    );
  end if;
  perform pg_notify('cdc', payload);
  return null;
end
$$;

create trigger library_announced
  after insert or update or delete on library
  for each row execute function announce_change();

create trigger compilation_track_artist_announced
  after insert or update or delete on compilation_track_artist
  for each row execute function announce_change();
