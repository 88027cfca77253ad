import pytest

from wxyc_assets.domain.answers import outcome_of
from wxyc_assets.domain.counters import Outcome


@pytest.mark.parametrize("is_matched", [True, False])
def test_only_compilations_can_be_matched(is_matched: bool):
    assert outcome_of("single_artist", is_matched=is_matched) is Outcome.RESOLVED
    assert outcome_of("unresolved", is_matched=is_matched) is Outcome.UNRESOLVED


def test_a_compilation_counts_as_resolved_once_it_was_matched():
    assert outcome_of("compilation", is_matched=True) is Outcome.RESOLVED_COMPILATION
    assert outcome_of("compilation", is_matched=False) is Outcome.COMPILATION


def test_a_kind_that_the_contract_does_not_know_is_a_defect():
    with pytest.raises(ValueError, match="no answer of kind 'duo'"):
        outcome_of("duo", is_matched=False)
