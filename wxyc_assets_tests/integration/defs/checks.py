"""The results of the checks of a run."""

import dagster as dg


def failed_checks(result: dg.ExecuteInProcessResult) -> dict[str, str]:
    """The failed checks of a run that only its checks failed, with their descriptions."""
    evaluations = result.get_asset_check_evaluations()
    failed = {e.check_name: e.description or "" for e in evaluations if not e.passed}
    assert result.success is not bool(failed)
    return failed
