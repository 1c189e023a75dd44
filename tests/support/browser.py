"""Chromium without a window, as Debian packages it, driven by Playwright."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
TIMEOUT = 30_000
"""Milliseconds that a test waits for the page at most."""

_LEAST_CONTRAST = """() => {
    const parts = (color) => color.match(/[\\d.]+/g).map(Number);
    const over = ([r, g, b, a = 1], below) => [r, g, b].map((part, i) => part * a + below[i] * (1 - a));
    const behind = (node) => node
        ? over(parts(getComputedStyle(node).backgroundColor), behind(node.parentElement))
        : [255, 255, 255];
    const linear = (part) => part / 255 <= 0.04045 ? part / 3294.6 : ((part / 255 + 0.055) / 1.055) ** 2.4;
    const light = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b) + 0.05;
    const shown = [...document.body.querySelectorAll("*")].filter((node) => node.checkVisibility()
        && [...node.childNodes].some((child) => child.nodeType === Node.TEXT_NODE && child.data.trim()));
    return Math.min(...shown.map((node) => {
        const below = behind(node);
        const both = [light(below), light(over(parts(getComputedStyle(node).color), below))];
        return Math.max(...both) / Math.min(...both);
    }));
}"""


def find_chromium() -> str:
    """Find the browser, or skip the test; the shell takes half of the whole browser's time."""
    path = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    if path is None:
        pytest.skip("chromium-headless-shell is not installed")
    return path


@contextmanager
def launch() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


def measure_contrast(page: Page) -> float:
    """Measure the lowest contrast ratio (WCAG) of any text on a page with its background."""
    contrast: float = page.evaluate(_LEAST_CONTRAST)
    return contrast
