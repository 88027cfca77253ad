-- The part of the Backend's schema that this project touches, in the schema that search_path names.
-- Names, columns, checks and triggers are the Backend's; its trigram indexes are left out.

create function fold_artist_name(name text)
returns text
language sql
immutable parallel safe
as $$
  select lower(regexp_replace(normalize(coalesce(name, ''), NFD), '[\u0300-\u036f]', '', 'g'))
$$;


create table genres (
  id serial primary key,
  genre_name varchar(64) not null,
  description text,
  plays integer not null default 0,
  add_date date not null default current_date,
  last_modified timestamptz not null default now()
);

create table format (
  id serial primary key,
  format_name varchar not null,
  add_date date not null default current_date
);


create table artists (
  id serial primary key,
  artist_name varchar(128) not null,
  alphabetical_name varchar(128) not null,
  code_letters varchar(4) not null,
  add_date date not null default current_date,
  last_modified timestamptz not null default now(),
  discogs_artist_id integer,
  musicbrainz_artist_id varchar(64),
  wikidata_qid varchar(32),
  spotify_artist_id varchar(64),
  apple_music_artist_id varchar(64),
  bandcamp_id varchar(255)
);

create index artists_fold_name_idx on artists (fold_artist_name(artist_name));
create index code_letters_idx on artists (code_letters);

create table genre_artist_crossreference (
  artist_id integer not null references artists on delete cascade,
  genre_id integer not null references genres on delete cascade,
  artist_genre_code integer not null
);

create unique index artist_genre_key on genre_artist_crossreference (artist_id, genre_id);

create table artist_crossreference (
  source_artist_id integer not null references artists on delete cascade,
  target_artist_id integer not null references artists on delete cascade,
  comment varchar(255)
);

create unique index artist_crossref_source_target
  on artist_crossreference (source_artist_id, target_artist_id);


create sequence library_legacy_release_id_seq start 1000000 minvalue 1000000;

create table library (
  id serial primary key,
  artist_id integer not null references artists,
  genre_id integer not null references genres,
  format_id integer not null references format,
  alternate_artist_name varchar(128),
  album_artist varchar(128),
  album_title varchar(128) not null,
  label varchar(128),
  label_id integer,
  code_number smallint not null,
  code_volume_letters varchar(4),
  disc_quantity smallint not null default 1,
  plays integer not null default 0,
  legacy_release_id integer not null default nextval('library_legacy_release_id_seq'),
  add_date timestamptz not null default now(),
  last_modified timestamptz not null default now(),
  date_lost timestamptz,
  date_found timestamptz,
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
  constraint library_discogs_unavailable_note_check
    check (discogs_unavailable or discogs_unavailable_note is null)
);

create unique index library_legacy_release_id_idx on library (legacy_release_id);
create index library_search_doc_idx on library using gin (search_doc);
create index library_norm_album_title_idx on library (lower(trim(album_title)));
create index genre_id_idx on library (genre_id);
create index format_id_idx on library (format_id);
create index artist_id_idx on library (artist_id);
create index library_canonical_entity_id_idx on library (canonical_entity_id);
create index library_discogs_unavailable_idx on library (discogs_unavailable)
  where discogs_unavailable;


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
  confidence real not null
    constraint library_identity_confidence_range check (confidence between 0 and 1),
  agreement_sources text,
  notes text,
  distinct_unresolved_sources integer generated always as (
    num_nulls(
      discogs_master_id, discogs_release_id, musicbrainz_release_group_mbid,
      musicbrainz_release_mbid, musicbrainz_recording_mbid, wikidata_qid, spotify_id,
      apple_music_id
    )
  ) stored
);

create index library_identity_audit_idx
  on library_identity (confidence, distinct_unresolved_sources desc);


create table library_identity_source (
  library_id integer not null references library,
  source text not null,
  external_id text not null,
  method text not null,
  confidence real not null
    constraint library_identity_source_confidence_range check (confidence between 0 and 1),
  last_verified_at timestamptz not null,
  boost_sources text,
  notes text,
  primary key (library_id, source)
);


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


create table compilation_track_artist (
  id serial primary key,
  library_id integer not null references library on delete cascade,
  artist_name varchar(255) not null,
  track_title varchar(255),
  track_position varchar(20),
  track_artist_id integer references artists on delete set null,
  track_artist_link_confidence real
    constraint cta_track_artist_link_confidence_range
    check (track_artist_link_confidence between 0 and 1),
  track_artist_link_method text
);

create unique index cta_unique_idx
  on compilation_track_artist (library_id, artist_name, track_title);
create unique index cta_unique_null_track_idx
  on compilation_track_artist (library_id, artist_name)
  where track_title is null;
create index cta_library_id_idx on compilation_track_artist (library_id);
create index cta_artist_name_idx on compilation_track_artist (artist_name);
create index cta_track_artist_id_idx on compilation_track_artist (track_artist_id);


create type freq_enum as enum ('S', 'L', 'M', 'H');
create type discogs_release_id_source_enum as enum (
  'tubafrenzy_paste', 'lml_offline_backfill', 'discogs_direct_backfill', 'library_identity',
  'md_verified', 'recheck_after_unavailable'
);

create table rotation (
  id serial primary key,
  album_id integer references library on delete cascade,
  legacy_rotation_id integer,
  legacy_library_release_id integer,
  rotation_bin freq_enum not null,
  add_date date not null default current_date,
  kill_date date,
  artist_name varchar(128),
  album_title varchar(128),
  record_label varchar(128),
  discogs_release_id integer
    constraint rotation_discogs_release_id_not_sentinel check (discogs_release_id > 0),
  discogs_release_id_source discogs_release_id_source_enum not null default 'tubafrenzy_paste',
  discogs_release_id_resolve_attempted_at timestamptz,
  tracklist_lookup_attempted_at timestamptz,
  lml_identity_id integer
);

create index album_id_idx on rotation (album_id);
create index rotation_norm_artist_album_idx
  on rotation (lower(trim(coalesce(artist_name, ''))), lower(trim(coalesce(album_title, ''))));
create unique index rotation_legacy_rotation_id_idx on rotation (legacy_rotation_id);


-- What DJs play, in so far as batch jobs read it.
create type flowsheet_entry_type as enum (
  'track', 'show_start', 'show_end', 'dj_join', 'dj_leave', 'talkset', 'breakpoint', 'message'
);

create table flowsheet (
  id serial primary key,
  album_id integer references library on delete set null,
  rotation_id integer references rotation on delete set null,
  entry_type flowsheet_entry_type not null default 'track',
  track_title varchar(128),
  album_title varchar(128),
  artist_name varchar(128),
  play_order integer not null,
  add_time timestamptz not null default now()
);

create index flowsheet_track_add_time_idx on flowsheet (add_time desc)
  where entry_type = 'track';

create materialized view album_plays as
  select album_id, count(*)::integer as plays
  from flowsheet
  where entry_type = 'track' and album_id is not null
  group by album_id;

create unique index album_plays_album_id_idx on album_plays (album_id);


create table library_delete_denylist (
  legacy_release_id integer primary key,
  library_id integer not null,
  deleted_at timestamptz not null default now(),
  deleted_by_user_id text,
  deleted_by_email text,
  deleted_by_role text
);


create table library_watermark (
  id boolean primary key default true
    constraint library_watermark_singleton check (id),
  last_modified_at timestamptz not null default now()
);

insert into library_watermark default values;


-- It runs as whoever writes, who therefore needs privileges on the watermark.
create function touch_library_watermark()
returns trigger
language plpgsql
set search_path from current
as $$
begin
  update library_watermark set last_modified_at = greatest(now(), last_modified_at) where id;
  return null;
end
$$;

create trigger touch_library_watermark
  after insert or delete or truncate or update of
    id, legacy_release_id, artist_id, genre_id, format_id, alternate_artist_name, album_artist,
    album_title, label, code_number, on_streaming, artwork_url, artist_name, canonical_entity_id
  on library
  for each statement execute function touch_library_watermark();

create trigger touch_library_watermark_from_compilation_track_artist
  after insert or delete or truncate or update of id, library_id, artist_name, track_title
  on compilation_track_artist
  for each statement execute function touch_library_watermark();

create trigger touch_library_watermark_from_artists
  after insert or update or delete or truncate on artists
  for each statement execute function touch_library_watermark();

create trigger touch_library_watermark_from_rotation
  after insert or update or delete or truncate on rotation
  for each statement execute function touch_library_watermark();

create trigger touch_library_watermark_from_genres
  after insert or update or delete or truncate on genres
  for each statement execute function touch_library_watermark();

create trigger touch_library_watermark_from_format
  after insert or update or delete or truncate on format
  for each statement execute function touch_library_watermark();

create trigger touch_library_watermark_from_gac
  after insert or update or delete or truncate on genre_artist_crossreference
  for each statement execute function touch_library_watermark();

create trigger touch_library_watermark_from_artist_crossreference
  after insert or update or delete or truncate on artist_crossreference
  for each statement execute function touch_library_watermark();


create function cascade_library_artist_name()
returns trigger
language plpgsql
set search_path from current
as $$
begin
  update library set artist_name = new.artist_name
  where artist_id = new.id and artist_name is distinct from new.artist_name;
  return null;
end
$$;

create trigger cascade_library_artist_name
  after update of artist_name on artists
  for each row
  when (old.artist_name is distinct from new.artist_name)
  execute function cascade_library_artist_name();


-- A payload of 8,000 bytes would fail the write that it announces: it goes to a channel of its own.
create function cdc_notify()
returns trigger
language plpgsql
as $$
declare
  changed jsonb := to_jsonb(coalesce(new, old));
  event jsonb := jsonb_build_object(
    'table', tg_table_name, 'schema', tg_table_schema, 'action', tg_op,
    'timestamp', (extract(epoch from clock_timestamp()) * 1000)::bigint
  );
  payload text := event || jsonb_build_object('data', changed);
begin
  if octet_length(payload) <= 7800 then
    perform pg_notify('cdc', payload);
  else
    event := event || jsonb_build_object(
      'primary_key', changed ->> 'id', 'payload_bytes', octet_length(payload),
      'reason', 'payload_too_large'
    );
    perform pg_notify('cdc_oversized', event::text);
  end if;
  return null;
end
$$;

create trigger cdc_library
  after insert or update or delete on library
  for each row execute function cdc_notify();

create trigger cdc_compilation_track_artist
  after insert or update or delete on compilation_track_artist
  for each row execute function cdc_notify();

create trigger cdc_artists
  after insert or update or delete on artists
  for each row execute function cdc_notify();

create trigger cdc_rotation
  after insert or update or delete on rotation
  for each row execute function cdc_notify();
