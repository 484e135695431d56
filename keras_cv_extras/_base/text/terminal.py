"""Output on the terminal, with names of files and classes as plain text.

A folder may be called `[bold]` or hold escape sequences: for Rich and for the terminal these are
orders.
"""

from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from keras_cv_extras._base.text.escapes import visible

_NAME = 8  # columns that a name in the first column of a table has at least


def table(title: str | None, *columns: str, names: int = 1) -> Table:
    """Returns a table without rows.

    Args:
        title: the line above it.
        *columns: their heads.
        names: how many columns have names, on the left; the others have numbers, on the right.
    """
    made = Table(title=title)
    for place, column in enumerate(columns):
        made.add_column(column, justify="left" if place < names else "right", overflow="fold")
    return made


class Terminal(Console):
    """Rich's console without its markup: text is shown as it is, control characters as escapes."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"markup": False, **kwargs})
        if self.width < 1:  # COLUMNS=0, as some shells have it, would show nothing
            self.width = 80

    def print(self, *objects: Any, **kwargs: Any) -> None:
        """Prints objects; see `Console.print`. No number of a table is cut off."""
        fitting = [self._fitting(part) if isinstance(part, Table) else part for part in objects]
        super().print(*fitting, **kwargs)

    def _fitting(self, table):
        """Returns a table, without lines or as a list if it is too wide, with all words whole."""
        columns = table.columns
        texts = [[str(text) for text in (column.header, *column.cells)] for column in columns]
        widest = [max(map(cell_len, part)) for part in texts]
        if sum(widest) + 3 * len(widest) + 1 <= self.width:
            return table
        words = [max(cell_len(word) for word in " ".join(part).split() or [""]) for part in texts]
        whole = [max(*map(cell_len, (*cells, *head.split())), 0, 0) for head, *cells in texts]
        for needed, lines in ((whole, table.box), (whole, None), (words, table.box), (words, None)):
            gaps = 3 * len(needed) + 1 if lines else len(needed) - 1
            room = self.width - gaps - sum(needed[1:])  # of the names, which may be broken
            if room < min(words[0], _NAME):
                continue
            spare = room - min(room, widest[0])
            widths = [min(room, widest[0])]
            for most, width in zip(widest[1:], needed[1:], strict=True):
                widths.append(min(most, width + spare))
                spare -= widths[-1] - width
            for column, width in zip(columns, widths, strict=True):
                column.overflow, column.no_wrap, column.width = "fold", False, width
            table.box, table.padding = lines, (0, 1) if lines else (0, 1, 0, 0)
            table.pad_edge = lines is not None
            return table
        above, below = (str(text or "").split("\n") for text in (table.title, table.caption))
        heads = [f"{head}: " if head else "" for head, *_ in texts]
        rows = zip(*(cells for _, *cells in texts), strict=True)
        lines = [f"{h}{cell}" for row in rows for h, cell in zip(heads, row, strict=True) if cell]
        return Text("\n".join(visible(line) for line in [*above, *lines, *below]).strip("\n"))

    def render_str(self, text: str, **kwargs: Any) -> Text:
        """Returns text to be shown; see `Console.render_str`."""
        return super().render_str(visible(text), **kwargs)
