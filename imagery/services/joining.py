"""Pages of a layer joined to one table. No service is asked."""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc


def join_pages(pages: Sequence[pa.Table]) -> pa.Table:
    """Return the rows of all pages, with every column that one of them has.

    A column that is whole numbers on one page and text on another is text on all.
    """
    names = list(dict.fromkeys(name for page in pages for name in page.column_names))
    columns = {name: _join_column(name, pages) for name in names}
    return pa.table(columns)


def _join_column(name: str, pages: Sequence[pa.Table]) -> pa.ChunkedArray:
    arrays = [
        page.column(name) if name in page.column_names else pa.nulls(page.num_rows)
        for page in pages
    ]
    kind = _common_type([array.type for array in arrays if array.null_count < len(array)])
    chunks: list[pa.Array] = []
    for array in arrays:
        is_null = array.null_count == len(array)
        cast = pa.nulls(len(array), kind) if is_null else pc.cast(array, kind)
        chunks += cast.chunks if isinstance(cast, pa.ChunkedArray) else [cast]
    return pa.chunked_array(chunks, kind)


def _common_type(kinds: Sequence[pa.DataType]) -> pa.DataType:
    """Return the type that holds values of all types; text where none does."""
    distinct = set(kinds)
    if len(distinct) == 1:
        return kinds[0]
    if distinct and distinct <= {pa.int64(), pa.float64()}:
        return pa.float64()
    return pa.string()
