# SPDX-License-Identifier: GPL-2.0-only
"""The chart: bars side by side, with the middle half of the runs as a line across the end of each."""
from xml.sax.saxutils import escape

WIDTH, LABEL, BAR, STEP = 1000, 470, 420, 22
FONT = 'font-family="sans-serif" font-size="12"'


def panel(title, unit, bars, top):
    """BARS: (name, figure, colour). Returns the lines and where the next panel begins."""
    most = max(max(figure.high, 0) for _, figure, _ in bars) or 1
    lines = [f'<text x="10" y="{top + 16}" {FONT} font-weight="bold">{escape(title)}</text>']
    y = top + 28
    for name, figure, colour in bars:
        length, low, high = (max(v, 0) / most * BAR for v in (figure.median, figure.low, figure.high))
        lines += [
            f'<text x="{LABEL - 8}" y="{y + 12}" {FONT} text-anchor="end">{escape(name)}</text>',
            f'<rect x="{LABEL}" y="{y}" width="{length:.1f}" height="15" fill="{colour}"/>',
            f'<line x1="{LABEL + low:.1f}" y1="{y + 7}" x2="{LABEL + high:.1f}" y2="{y + 7}" stroke="black" stroke-width="2"/>',
            f'<text x="{LABEL + max(length, high) + 6:.1f}" y="{y + 12}" {FONT}>{figure.median:.2f} {escape(unit)}</text>']
        y += STEP
    return lines, y + 14


def draw(panels):
    """PANELS: (title, unit, bars). An SVG document."""
    lines, top = [], 8
    for title, unit, bars in panels:
        if bars:
            more, top = panel(title, unit, bars, top)
            lines += more
    return "\n".join([f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{top}" viewBox="0 0 {WIDTH} {top}">',
                      f'<rect width="{WIDTH}" height="{top}" fill="white"/>', *lines, "</svg>", ""])


def colour(name):
    return "#2a6f97" if name.startswith("Lenscap") else "#555555" if name.startswith("bare") else "#b5b5b5"
