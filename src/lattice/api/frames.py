"""Results as data frames of the libraries that people analyse them with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lattice.api.results import NUMBER, TEXT, WHOLE, Table
from lattice.core.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd  # optional: only `pandas_frame` needs it
    import polars as pl  # optional: only `polars_frame` needs it


def pandas_frame(table: Table) -> pd.DataFrame:
    """A pandas frame; missing texts are ``None``, missing numbers ``NaN``.

    Raises
    ------
    UsageError: pandas is not installed.
    """
    try:
        import pandas as pd  # optional and heavy
    except ImportError as error:
        raise _absent("pandas") from error
    types = {TEXT: "object", WHOLE: "int64", NUMBER: "float64"}
    return pd.DataFrame(
        {name: pd.Series(table.values[name], dtype=types[kind]) for name, kind in table.kinds.items()},
        columns=list(table.kinds),
    )


def polars_frame(table: Table) -> pl.DataFrame:
    """A polars frame; whatever is missing is null.

    Raises
    ------
    UsageError: polars is not installed.
    """
    try:
        import polars as pl  # optional and heavy
    except ImportError as error:
        raise _absent("polars") from error
    types = {TEXT: pl.String, WHOLE: pl.Int64, NUMBER: pl.Float64}
    return pl.DataFrame(dict(table.values), schema={name: types[kind] for name, kind in table.kinds.items()})


def _absent(library: str) -> UsageError:
    return UsageError(f"{library} is not installed; it comes with: pip install 'lattice-evals[{library}]'")
