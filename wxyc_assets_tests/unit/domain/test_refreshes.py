"""Each identity counts once."""

from hypothesis import given
from hypothesis import strategies as st

from wxyc_assets.domain.refreshes import Refreshed, RefreshStatus, RefreshTally, tally

statuses = st.builds(
    Refreshed, st.sampled_from(RefreshStatus), st.integers(0, 3), st.integers(0, 9)
)
identities = st.integers(1, 30)


@given(st.dictionaries(identities, statuses), st.sets(identities))
def test_scanned_is_resolved_and_errors(results: dict[int, Refreshed], failed: set[int]) -> None:
    counted = tally(results, failed)
    assert counted.identities_scanned == len(results.keys() | failed)
    assert counted.identities_scanned == counted.identities_resolved + counted.lml_error


def test_what_counts_as_what() -> None:
    results = {
        1: Refreshed(RefreshStatus.WARMED, warmed_releases=2, warmed_artists=5),
        2: Refreshed(RefreshStatus.NOT_FOUND),
        3: Refreshed(RefreshStatus.NOT_IMPLEMENTED),
        4: Refreshed(RefreshStatus.ERROR),
        5: Refreshed(RefreshStatus.DRIFT, said="status 'frozen'"),
    }
    assert tally(results, failed=[1, 6, 7]) == RefreshTally(
        identities_scanned=7,
        identities_resolved=3,
        warmed_releases=2,
        warmed_artists=5,
        not_found=1,
        not_implemented=1,
        lml_error=4,
    )


def test_the_dashboards_names() -> None:
    assert set(RefreshTally().figures()) == {
        "backfill.identities_scanned",
        "backfill.identities_resolved",
        "backfill.warmed_releases",
        "backfill.warmed_artists",
        "backfill.not_found",
        "backfill.not_implemented",
        "backfill.lml_error",
    }
