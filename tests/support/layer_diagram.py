"""The diagram of layers and the path of a command: `python -m tests.support.layer_diagram` writes it.

The packages come from the layer contracts in pyproject.toml, the path from the table in docs/architecture.md.
"""

import math
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).parents[2]
ARCHITECTURE = ROOT / "docs/architecture.md"
DIAGRAM = ROOT / "docs/figures/layers.svg"

WIDTH, MARGIN, TITLE, LINE, GAP, CHARACTER = 980, 12, 26, 22, 6, 8
SHADES = ("#ffffff", "#f6f8fa")
HEAD = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" fill="#24292f" \
font-family="system-ui, sans-serif" font-size="13">
<rect width="{width}" height="{height}" fill="#fff"/>
"""
BOX = """<rect x="{x:.0f}" y="{y:.0f}" width="{width:.0f}" height="{height:.0f}" rx="5" \
fill="{shade}" stroke="#d0d7de"/>
"""
NAME = '<text x="{x:.0f}" y="{y:.0f}" font-weight="600" {halo}>{name}</text>\n'
HALO = 'paint-order="stroke" stroke="#fff" stroke-width="4"'
SEGMENT = '<path d="M{x:.0f} {y:.0f}C{x:.0f} {middle:.0f} {to_x:.0f} {middle:.0f} {to_x:.0f} {to_y:.0f}" \
fill="none" stroke="#0969da" stroke-opacity=".45" stroke-width="2"/>\n'
STEP = """<circle cx="{x:.0f}" cy="{y:.0f}" r="9" fill="#0969da"/>
<text x="{x:.0f}" y="{line:.0f}" text-anchor="middle" font-size="11" fill="#fff">{number}</text>
<text x="{after:.0f}" y="{line:.0f}" {halo}>{name}</text>
"""


@dataclass(slots=True)
class Package:
    """A package or module; each row holds one layer, which may import the rows below."""

    module: str
    rows: list[list["Package"]] = field(default_factory=list)
    steps: list[tuple[int, str]] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Its own name, without its package."""
        return self.module.rpartition(".")[2]

    def walk(self) -> Iterator["Package"]:
        """Yield this package and all packages in it."""
        yield self
        for row in self.rows:
            for package in row:
                yield from package.walk()

    def least_width(self) -> float:
        """Estimate the width of its longest line; a row's width is shared out by it."""
        own = [
            CHARACTER * len(self.name),
            *(self.step_width() for _ in self.steps[:1]),
        ]
        return 2 * MARGIN + max(
            [*own, *(sum(package.least_width() + GAP for package in row) for row in self.rows)]
        )

    def step_width(self) -> float:
        """Estimate the width of its longest step."""
        return 40 + CHARACTER * max(len(module) - len(self.module) for _, module in self.steps)

    def steps_in_row(self, width: float) -> int:
        """Count the steps that fit beside each other."""
        return max(1, min(len(self.steps), int((width - 2 * MARGIN) // self.step_width())))

    def share_out(self, row: list["Package"], width: float) -> list[float]:
        """Share a width among the packages of a row."""
        free, needs = width - 2 * MARGIN - GAP * (len(row) - 1), [package.least_width() for package in row]
        return [free * need / sum(needs) for need in needs]

    def height(self, width: float) -> float:
        """Sum the heights of its name, its steps and its rows."""
        height: float = TITLE
        if self.steps:
            height += LINE * math.ceil(len(self.steps) / self.steps_in_row(width))
        for row in self.rows:
            shares = self.share_out(row, width)
            height += GAP + max(map(Package.height, row, shares))
        return height + (GAP if self.rows else 0)


def read_layers() -> Package:
    """Read the packages from the layer contracts, the outermost first."""
    tool = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    root = Package(tool["root_package"])
    found = []
    for contract in tool["contracts"]:
        for container in contract.get("containers", [""]) if contract["type"] == "layers" else ():
            rows = [[f"{container}.{name}".strip(".") for name in split(row)] for row in contract["layers"]]
            found.append((rows[0][0].rpartition(".")[0], rows))
    for inside, rows in sorted(found, key=lambda layers: layers[0].count(".")):
        parent = next(package for package in root.walk() if package.module == inside)
        parent.rows += [[Package(module) for module in row] for row in rows]
    return root


def split(layer: str) -> list[str]:
    """Split a layer into its modules; a module in brackets is optional."""
    return [name.strip(" ()") for name in re.split(r"[|:]", layer)]


def read_path(text: str) -> list[str]:
    """Read the modules of a command's path, in order, from a numbered table."""
    return [
        path.replace("/", ".") for path in re.findall(r"^\| \d+ \| `([\w/]+)\.py` \|", text, re.MULTILINE)
    ]


def draw(root: Package, path: list[str]) -> str:
    """Draw the packages as boxes in layers, with the steps of a path in them."""
    for number, module in enumerate(path, 1):
        inside = [package for package in root.walk() if f"{module}.".startswith(f"{package.module}.")]
        inside[-1].steps.append((number, module))
    picture = Picture()
    picture.add(root, 0, 0, WIDTH)
    return picture.finish(root.height(WIDTH))


@dataclass(slots=True)
class Picture:
    """A diagram in the making: boxes lie below the path, names above it."""

    boxes: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    steps: dict[int, tuple[float, float, str]] = field(default_factory=dict)

    def add(self, package: Package, x: float, y: float, width: float, depth: int = 0) -> None:
        """Add a package, and the packages in it."""
        shade = SHADES[depth % len(SHADES)]
        self.boxes.append(BOX.format(x=x, y=y, width=width, height=package.height(width), shade=shade))
        self.names.append(NAME.format(x=x + MARGIN, y=y + 18, name=package.name, halo=HALO))
        y += TITLE
        if package.steps:
            columns = package.steps_in_row(width)
            for place, (number, module) in enumerate(package.steps):
                name = module.removeprefix(package.module).removeprefix(".")
                line, column = divmod(place, columns)
                left = x + MARGIN + 9 + column * width / columns
                self.steps[number] = (left, y + 8 + line * LINE, name)
            y += LINE * math.ceil(len(package.steps) / columns)
        for row in package.rows:
            y += GAP
            left, shares = x + MARGIN, package.share_out(row, width)
            for each, share in zip(row, shares, strict=True):
                self.add(each, left, y, share, depth + 1)
                left += share + GAP
            y += max(map(Package.height, row, shares))

    def finish(self, height: float) -> str:
        """Join the parts to an SVG."""
        steps = [(number, *self.steps[number]) for number in sorted(self.steps)]
        path = [
            SEGMENT.format(x=x, y=y, to_x=to_x, to_y=to_y, middle=(y + to_y) / 2)
            for (_, x, y, _), (_, to_x, to_y, _) in pairwise(steps)
        ]
        marks = [
            STEP.format(x=x, y=y, line=y + 4, after=x + 14, number=number, name=name, halo=HALO)
            for number, x, y, name in steps
        ]
        head = HEAD.format(width=WIDTH, height=f"{height:.0f}")
        return "".join([head, *self.boxes, *path, *self.names, *marks, "</svg>\n"])


if __name__ == "__main__":
    DIAGRAM.write_text(draw(read_layers(), read_path(ARCHITECTURE.read_text("utf-8"))), encoding="utf-8")
