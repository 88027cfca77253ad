"""The page of the coverage report."""

from wxyc_assets.domain.changes import RecordsOfReport
from wxyc_assets.domain.prices import CoverPrice
from wxyc_assets.views.coverage_page import page
from wxyc_assets_tests.support.snapshots import library_slice, results, snapshot


def page_with(price: CoverPrice) -> str:
    now = snapshot(library_slice())
    records = RecordsOfReport(now.taken_at, (), (), (), {}, price)
    return page(now, [], list(results(now).values()), records)


def test_it_tells_what_a_new_cover_and_a_new_identity_cost() -> None:
    written = page_with(CoverPrice(requests=1_250, covers=500))
    assert "a new cover cost 2.5 Discogs requests (1,250 for 500)" in written
    assert "A new identity costs none" in written


def test_without_a_new_cover_it_tells_no_price_of_one() -> None:
    written = page_with(CoverPrice(requests=12))
    assert "a new cover cost" not in written
    assert "A new identity costs none" in written
