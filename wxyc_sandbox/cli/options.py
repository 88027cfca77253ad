"""Options that several commands share."""

from typing import Annotated

import typer

Scale = Annotated[float, typer.Option(min=0.001, max=10, help="1 is the station's 64,676 records.")]
