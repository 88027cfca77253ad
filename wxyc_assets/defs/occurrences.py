"""Dagster's runs and check evaluations, translated into occurrences for alerts."""

import json
import math
from collections.abc import Mapping, Sequence
from datetime import datetime

import dagster as dg

from wxyc_assets.domain.alerts import Details, Failure, Kind, Level, Subject, Success

PARTITION = "dagster/partition"
FIRST, LAST = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"
CHECK_FAILURE = "DagsterAssetCheckFailedError"
STEPS_SHOWN = 3
OFFENDERS, RECORDS, WHAT_TO_DO = OF_DETAILS = "offenders", "records", "what_to_do"
"""The metadata of a check that an alert shows in words."""
ID_RANGE = "id_range"
"""The metadata key in which an unpartitioned check may name its range."""


def failed_run(
    run: dg.DagsterRun, at: datetime, step_failures: Sequence[dg.DagsterEvent], message: str
) -> Failure | None:
    """Return a run's failure; None if only checks failed it, which have alerts of their own.

    `message` is the reason for a run that failed outside of its steps.
    """
    own = [each for each in step_failures if not _is_check_failure(each)]
    if step_failures and not own:
        return None
    numbers, facts = _split_metadata(_metadata_of(own))
    return Failure(
        _subject_of(run),
        run.run_id,
        at,
        text="\n".join(map(_reason, own[:STEPS_SHOWN])) or message,
        numbers={"failed_steps": len(own), **numbers},
        facts={"steps": ", ".join(each.step_key or "" for each in own), **facts},
    )


def successful_run(run: dg.DagsterRun, at: datetime) -> Success:
    """Return the success of a run."""
    return Success(_subject_of(run), run.run_id, at)


def evaluated_check(event: dg.DagsterEvent, run_id: str, at: datetime) -> Failure | Success:
    """Return a check's result, with its description and metadata for the alert."""
    found = event.asset_check_evaluation_data
    numbers, facts = _split_metadata(found.metadata)
    subject = Subject(
        Kind.CHECK,
        found.check_name,
        asset=found.asset_key.to_user_string(),
        id_range=found.partition or facts.pop(ID_RANGE, None),
    )
    if found.passed:
        return Success(subject, run_id, at)
    is_error = found.severity is dg.AssetCheckSeverity.ERROR
    return Failure(
        subject,
        run_id,
        at,
        text=found.description or "",
        level=Level.ERROR if is_error else Level.WARNING,
        numbers=numbers,
        facts={"blocking": "yes" if found.blocking else "no", **facts},
        details=_details(found.metadata),
    )


def range_of(tags: Mapping[str, str]) -> str | None:
    """Return the ids of a run's ranges, from the first to the last; None if it has no range."""
    first, last = tags.get(FIRST), tags.get(LAST)
    if first and last:
        return first if first == last else f"{first.partition('-')[0]}-{last.rpartition('-')[2]}"
    return tags.get(PARTITION)


def _subject_of(run: dg.DagsterRun) -> Subject:
    selected = ", ".join(sorted(key.to_user_string() for key in run.asset_selection or ()))
    is_nameless = run.job_name.startswith("__")  # a run of assets selected in the UI
    name = selected if is_nameless and selected else run.job_name
    return Subject(Kind.RUN, name, asset=selected, id_range=range_of(run.tags))


def _is_check_failure(event: dg.DagsterEvent) -> bool:
    error = event.step_failure_data.error
    return error is not None and error.cls_name == CHECK_FAILURE


def _reason(event: dg.DagsterEvent) -> str:
    failure = event.step_failure_data
    if failure.user_failure_data and failure.user_failure_data.description:
        return f"{event.step_key}: {failure.user_failure_data.description}"
    error = failure.error
    while error and error.cause:
        error = error.cause
    return f"{event.step_key}: {error.message.strip() if error else event.message}"


def _metadata_of(events: Sequence[dg.DagsterEvent]) -> dict[str, dg.MetadataValue]:
    given = [each.step_failure_data.user_failure_data for each in events]
    return {name: value for each in given if each for name, value in each.metadata.items()}


def _details(metadata: Mapping[str, dg.MetadataValue]) -> Details:
    """Return what an alert shows of a check's metadata besides its description."""
    places, records = metadata.get(OFFENDERS), metadata.get(RECORDS)
    page = metadata.get(WHAT_TO_DO)
    examples = records.records if isinstance(records, dg.TableMetadataValue) else ()
    return Details(
        places=tuple(map(str, places.value or ()))  # pyright: ignore[reportArgumentType]
        if isinstance(places, dg.JsonMetadataValue)
        else (),
        examples=tuple(f"{each.data['artist']} - {each.data['title']}" for each in examples),
        what_to_do=str(page.value) if page else "",
    )


def _split_metadata(
    metadata: Mapping[str, dg.MetadataValue],
) -> tuple[dict[str, float], dict[str, str]]:
    """Split metadata into finite numbers and textual facts; the length of a list is a number."""
    numbers: dict[str, float] = {}
    facts: dict[str, str] = {}
    for name, each in metadata.items():
        if name in OF_DETAILS:
            continue
        match each:
            case dg.IntMetadataValue() | dg.FloatMetadataValue():
                if each.value is not None and math.isfinite(each.value):
                    numbers[name] = each.value
            case dg.TextMetadataValue() | dg.UrlMetadataValue():
                facts[name] = each.value or ""
            case dg.JsonMetadataValue():
                facts[name] = json.dumps(each.value, ensure_ascii=False, default=str)
                if isinstance(each.value, list):
                    numbers[f"{name}.count"] = len(each.value)
            case _:
                pass  # tables and charts stay in the UI
    return numbers, facts
