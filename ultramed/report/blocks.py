"""Building blocks of the page: sections of tables, figures and sentences. The template escapes text; figures escape
theirs."""

import html
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import plotly.graph_objects as go

TEAL, OCHRE, PLUM, BRICK, SLATE, SAGE, SKY, ROSE = COLOURS = (
    "#2f7f86", "#cf9236", "#7d6399", "#b4574a", "#5b6b7c", "#83a06a", "#6ba3c4", "#c98aa5")
CATEGORIES = {"exam": TEAL, "literature": PLUM, "open": OCHRE}
INK, GRID = "#2b3138", "#e6e8ea"
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif"


@dataclass(frozen=True)
class Table:
    """Rows of text under a heading; columns named in `numbers` are right-aligned, those in `prose` wrap."""

    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    numbers: Sequence[int] = ()
    reading: str = ""  # the sentence below the table
    totals: int = 0  # rows at the end that are sums
    beside: int = 0  # rows at the end with figures from elsewhere
    prose: Sequence[int] = ()
    groups: Sequence[tuple[str, int]] = ()  # headings over several columns, with their spans

    @property
    def starts(self) -> set[int]:
        """Columns at which a named group starts."""
        spans = [span for _, span in self.groups]
        return {sum(spans[:n]) for n, (words, _) in enumerate(self.groups) if words}


@dataclass(frozen=True)
class Figure:
    """A drawing, and a sentence on how to read it."""

    html: str
    reading: str


@dataclass(frozen=True)
class Section:
    anchor: str
    title: str
    lead: str = ""
    blocks: list[Table | Figure] = field(default_factory=list)


def figure(name: str, drawing: "go.Figure", reading: str, height: int = 380, **layout: Any) -> Figure:
    """A Plotly figure as an HTML fragment with the id `figure-<name>`; the page loads the library."""
    import plotly.io as pio

    axis = {"gridcolor": GRID, "zerolinecolor": GRID, "linecolor": GRID, "automargin": True}
    drawing.update_layout(
        template="none", height=height, font={"family": FONT, "size": 13, "color": INK},
        paper_bgcolor="rgba(0,0,0,0)", plot_bgcolor="rgba(0,0,0,0)", margin={"l": 10, "r": 10, "t": 20, "b": 40},
        hoverlabel={"align": "left", "font": {"family": FONT}},
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.02, "x": 0, "traceorder": "normal"},
    )
    drawing.update_xaxes(axis)
    drawing.update_yaxes(axis)
    drawing.update_layout(layout)
    fragment = pio.to_html(
        drawing, full_html=False, include_plotlyjs=False, div_id=f"figure-{name}", default_height=f"{height}px",
        config={"displaylogo": False, "displayModeBar": False, "responsive": True})
    return Figure(fragment, reading)


def label(text: object) -> str:
    """Escaped text for a figure: Plotly renders some HTML in labels and hovers, and none may come from data."""
    return html.escape(str(text), quote=True)


def number(value: float | None, digits: int = 0) -> str:
    """A number for a table; an en dash for None."""
    return "–" if value is None else f"{value:,.{digits}f}"


def share(part: float, whole: float) -> str:
    """A percentage for a table; an en dash if the whole is 0, and 100 % only for all of it."""
    if not whole:
        return "–"
    return ">99%" if part < whole and part / whole >= 0.995 else f"{part / whole:.0%}"
