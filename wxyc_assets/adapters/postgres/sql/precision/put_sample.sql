-- Stores a sample: its strata with what they stand for, and its units.
with sample as (
    insert into precision_sample (sample_id, seed, drawn_at, lml_version, lml_commit)
    values (
        %(sample_id)s, %(seed)s, coalesce(%(now)s::timestamptz, now()), %(lml_version)s,
        %(lml_commit)s
    )
),
stratum as (
    insert into precision_stratum (
        sample_id, subject, method, band, cohort, population, claimed
    )
    select %(sample_id)s, subject, method, band, cohort, population, claimed
    from jsonb_to_recordset(%(strata)s) as s (
        subject text, method text, band text, cohort text, population int, claimed float8
    )
)
insert into precision_unit (
    sample_id, legacy_release_id, library_id, subject, method, band, cohort, topics, shown_values
)
select
    %(sample_id)s, legacy_release_id, library_id, subject, method, band, cohort, topics, shown_values
from jsonb_to_recordset(%(units)s) as u (
    legacy_release_id int, library_id int, subject text, method text, band text, cohort text,
    topics text[], shown_values text[]
)
