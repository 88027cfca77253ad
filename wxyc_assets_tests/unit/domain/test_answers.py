"""The outcome of a record by the kind of its answer."""

import pytest

from wxyc_assets.domain.answers import AnswerKind, outcome_of
from wxyc_assets.domain.counters import Outcome


@pytest.mark.parametrize("is_matched", [True, False])
def test_only_compilations_can_be_matched(is_matched: bool) -> None:
    assert outcome_of(AnswerKind.SINGLE_ARTIST, is_matched=is_matched) is Outcome.RESOLVED
    assert outcome_of(AnswerKind.UNRESOLVED, is_matched=is_matched) is Outcome.UNRESOLVED


def test_a_compilation_counts_as_resolved_once_it_was_matched() -> None:
    assert outcome_of(AnswerKind.COMPILATION, is_matched=True) is Outcome.RESOLVED_COMPILATION
    assert outcome_of(AnswerKind.COMPILATION, is_matched=False) is Outcome.COMPILATION


def test_a_kind_that_the_contract_does_not_know_is_a_defect() -> None:
    with pytest.raises(ValueError, match="'duo' is not a valid AnswerKind"):
        AnswerKind("duo")
