"""Comparison of a run's reported counts with the tables."""

import re

from wxyc_assets.domain.counters import UNANSWERED, Outcome
from wxyc_assets_tests.e2e.proofs.graph_runs import Graph, Run
from wxyc_assets_tests.e2e.proofs.tables import open_connection

COUNT_ROWS = """
select
    count(*) filter (where r.kind = 'single_artist') as rows_resolved,
    count(*) filter (where r.is_matched) as rows_resolved_compilation,
    count(*) filter (where r.kind = 'unresolved') as rows_unresolved,
    count(*) filter (where r.kind = 'compilation' and not r.is_matched)
        as "rows_skipped.compilation",
    count(*) filter (where r.refusal is not null) as "rows_skipped.lml_refused"
from lml_resolution r
where r.write_error is null
and r.library_id between %s and %s
"""
COUNT_MISSING = """
select count(*) as missing
from library_candidate c
left join lml_resolution r using (library_id)
where r.library_id is null
and c.library_id between %s and %s
"""
COUNT_UNWRITTEN = """
select count(*) as unwritten
from lml_resolution
where write_error is not null
and library_id between %s and %s
"""
OPEN_RANGE = re.compile(r"^ *(\d{7}-\d{7}): (.*)$", re.MULTILINE)
OPEN_ROWS = re.compile(r"(\d+) (?:" + "|".join(o.value.partition(".")[2] for o in UNANSWERED) + ")")


def assert_counts_match(graph: Graph, run: Run) -> None:
    """Assert that the first run's counts per range, or in its failure, match the tables."""
    open_rows = {
        key: sum(map(int, OPEN_ROWS.findall(output))) if output != "not begun" else None
        for key, output in OPEN_RANGE.findall(run.failure)
    }
    assert {*run.figures} | {*open_rows} == {each.key for each in graph.ranges}
    assert not {*run.figures} & {*open_rows}
    with open_connection(graph.database_url) as connection:
        for id_range in graph.ranges:
            bounds = id_range.first, id_range.last
            missing = connection.execute(COUNT_MISSING, bounds).fetchone()
            counted = connection.execute(COUNT_ROWS, bounds).fetchone()
            unwritten = connection.execute(COUNT_UNWRITTEN, bounds).fetchone()
            assert missing is not None
            assert counted is not None
            assert unwritten is not None
            if (figures := run.figures.get(id_range.key)) is not None:
                assert missing["missing"] == figures["rows_skipped.lml_invalid"]
                assert {name: figures[name] for name in counted} == counted
                assert figures["rows_skipped.writer_error"] == unwritten["unwritten"]
                assert figures["scanned"] == sum(figures[each.value] for each in Outcome)
            elif open_rows[id_range.key] is not None:
                assert open_rows[id_range.key] == missing["missing"]
