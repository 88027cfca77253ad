-- Stores what was measured on a sample; a newer measurement on it replaces the one before.
insert into precision_estimate (
    sample_id, subject, measured_at, precision, low, high, labelled, right_labels, population,
    represented, labels_to_halve
)
select
    %(sample_id)s, subject, coalesce(%(now)s::timestamptz, now()), precision, low, high, labelled,
    right_labels, population, represented, labels_to_halve
from jsonb_to_recordset(%(estimates)s) as e (
    subject text, precision float8, low float8, high float8, labelled int, right_labels int,
    population int, represented int, labels_to_halve int
)
on conflict (sample_id, subject) do update set
    measured_at = excluded.measured_at,
    precision = excluded.precision,
    low = excluded.low,
    high = excluded.high,
    labelled = excluded.labelled,
    right_labels = excluded.right_labels,
    population = excluded.population,
    represented = excluded.represented,
    labels_to_halve = excluded.labels_to_halve
