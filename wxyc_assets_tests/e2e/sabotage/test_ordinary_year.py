"""The rate of false alarms over a year of ordinary nights is 0."""

from wxyc_assets_tests.e2e.sabotage.ordinary_year import NIGHTS, ordinary_year
from wxyc_assets_tests.e2e.sabotage.station import Station


async def test_a_year_of_ordinary_nights_raises_no_alarm(new_station: Station) -> None:
    async with ordinary_year(new_station) as year:
        alarms = [
            f"night {number}: {each.name}: {each.description}"
            for number in range(1, NIGHTS + 1)
            for each in await year.night(number)
        ]
    assert not alarms, "\n".join(alarms)
