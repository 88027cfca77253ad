"""A lack of room is one line that names the folder; data goes where the room is."""

import tempfile
from pathlib import Path

from wxyc_assets_tests.support.room import folder_for_data, lack_of_room

MORE_THAN_ANY_DISK = 1 << 40


def test_a_folder_without_room_is_named(tmp_path: Path) -> None:
    problem = lack_of_room(tmp_path, least_mib=MORE_THAN_ANY_DISK)
    assert problem
    assert problem.startswith(f"{tmp_path} has ")


def test_a_folder_with_room_and_one_that_is_not_there_are_no_problem(tmp_path: Path) -> None:
    assert lack_of_room(tmp_path, least_mib=0) is None
    assert lack_of_room(tmp_path / "nowhere", least_mib=MORE_THAN_ANY_DISK) is None


def test_data_is_in_memory_only_if_there_is_room(tmp_path: Path) -> None:
    elsewhere = Path(tempfile.gettempdir())
    assert folder_for_data(tmp_path, least_mib=0) == tmp_path
    assert folder_for_data(tmp_path, least_mib=MORE_THAN_ANY_DISK) == elsewhere
    assert folder_for_data(tmp_path / "nowhere", least_mib=0) == elsewhere
