"""The Dockerfile as a list of instructions."""

import re
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).parents[3]
DOCKERFILE = PROJECT / "Dockerfile"


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction; `stage` counts from 0."""

    stage: int
    name: str
    text: str

    @property
    def words(self) -> list[str]:
        """The instruction's arguments, without its options."""
        return [word for word in self.text.split() if not word.startswith("--")]

    @property
    def is_from_a_stage(self) -> bool:
        return "--from=" in self.text


def read_instructions() -> list[Instruction]:
    """All of them, continuation lines joined, comments left out."""
    lines = DOCKERFILE.read_text().splitlines()
    text = "\n".join(line for line in lines if not line.lstrip().startswith("#"))
    found: list[Instruction] = []
    stage = -1
    for line in text.replace("\\\n", " ").splitlines():
        if line.strip():
            name, _, rest = line.strip().partition(" ")
            stage += name == "FROM"
            found.append(Instruction(stage, name, re.sub(r"\s+", " ", rest)))
    return found
