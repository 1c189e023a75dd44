import ast
import re
import subprocess
import tomllib
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.__main__ import make_parser
from bot.core.commands import SPECS
from bot.core.fields import FRIEND_FIELDS, PROFILE_FIELDS
from bot.im.regions import REGIONS
from bot.settings import AppSettings, RoleSettings, Settings
from bot.slack.api.scopes import BOT_SCOPES, EVENTS
from tests.support.layer_diagram import DIAGRAM, draw, read_layers, read_path
from tests.support.page_actions import LOOKS, PICTURES
from tests.support.sentences import make_page

ROOT = Path(__file__).parents[1]
PATHS = (ROOT / "README.md", *ROOT.glob("docs/*.md"), *ROOT.glob(".github/*.md"))
PAGES = {path.name: path.read_text(encoding="utf-8") for path in PATHS}
TOP_LEVEL = {
    "README.md",
    "LICENSE",
    "pyproject.toml",
    "requirements.txt",
    "manifest.yml",
    "Procfile",
    "bot",
    "tests",
    "docs",
}
RUN_IT = "python3 -m venv .venv && .venv/bin/pip install -q -e '.[playground]' && .venv/bin/im-bot playground"
TEST_IT = "python3 -m venv .venv && .venv/bin/pip install -q -e '.[dev]' && .venv/bin/python -m pytest"
LONGEST = {"name": 35, "description": 140, "long_description": 4000}


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((ROOT / "manifest.yml").read_text(encoding="utf-8"))
    return content


def settings_names() -> set[str]:
    plain = {name.upper() for name in Settings.model_fields} - {"IM_APPS", "ROLES"}
    apps = {f"IM_APPS__<NAME>__{name.upper()}" for name in AppSettings.model_fields}
    return plain | apps | {f"ROLES__{name.upper()}" for name in RoleSettings.model_fields}


def tracked() -> list[str]:
    listing = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listing.returncode:
        pytest.skip("not a git checkout")
    return listing.stdout.splitlines()


def test_install_lists_exactly_the_settings_there_are() -> None:
    table = PAGES["install.md"].split("## Settings")[1].split("## ")[0]
    first_cells = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]

    assert {name for cell in first_cells for name in re.findall(r"`([A-Z_<>]+)`", cell)} == settings_names()


def test_readme_names_every_command_as_it_is_typed() -> None:
    readme = PAGES["README.md"].replace("\\|", "|")  # a bar within a table's cell
    assert [spec.line for spec in SPECS.values() if f"`/im {spec.line}`" not in readme] == []


def test_the_user_guide_names_every_field() -> None:
    words = [field.word for field in (*PROFILE_FIELDS, *FRIEND_FIELDS)]

    assert [word for word in words if f"`{word}`" not in PAGES["user-guide.md"]] == []


def test_install_names_every_region() -> None:
    assert [name for name in REGIONS if f"`{name}`" not in PAGES["install.md"]] == []


def test_install_explains_every_scope() -> None:
    table = PAGES["install.md"].split("| scope | why |")[1].split("##")[0]

    assert set(re.findall(r"`([a-z_:]+)`", table)) == BOT_SCOPES


def test_manifest_asks_for_exactly_the_scopes_the_code_needs(manifest: dict[str, Any]) -> None:
    assert set(manifest["oauth_config"]["scopes"]["bot"]) == BOT_SCOPES


def test_manifest_asks_for_exactly_the_events_the_code_takes(manifest: dict[str, Any]) -> None:
    assert manifest["settings"]["event_subscriptions"]["bot_events"] == list(EVENTS)


def test_manifest_gives_each_scope_a_reason() -> None:
    lines = (ROOT / "manifest.yml").read_text(encoding="utf-8").splitlines()

    bare = [
        line
        for before, line in pairwise(lines)
        if line.strip().removeprefix("- ") in BOT_SCOPES and not before.strip().startswith("#")
    ]
    assert bare == []


def test_manifest_offers_the_command_and_every_word_of_it(manifest: dict[str, Any]) -> None:
    (command,) = manifest["features"]["slash_commands"]

    assert command["command"] == Settings.model_fields["slack_command"].default
    assert [word for word in SPECS if word not in command["usage_hint"]] == []
    assert not command["should_escape"]


def test_manifest_keeps_slacks_lengths(manifest: dict[str, Any]) -> None:
    (command,) = manifest["features"]["slash_commands"]
    shown = manifest["display_information"]

    assert [key for key, value in shown.items() if len(value) > LONGEST.get(key, 4000)] == []
    assert len(command["usage_hint"]) <= 1000
    assert len(command["description"]) <= 2000


def test_procfile_runs_commands_that_exist() -> None:
    lines = (ROOT / "Procfile").read_text(encoding="utf-8").splitlines()
    kinds = dict(line.split(": ", 1) for line in lines)

    assert set(kinds) == {"release", "web", "worker"}
    for python, dash, module, command in (
        each.split() for line in kinds.values() for each in line.split(" && ")
    ):
        assert (python, dash, module) == ("python", "-m", "bot")
        assert make_parser().parse_args([command]).run


def test_hooks_before_a_commit_are_checks_of_ci() -> None:
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    hooks = [hook["entry"].removeprefix(".venv/bin/") for repo in config["repos"] for hook in repo["hooks"]]
    checks = (ROOT / ".ci/run").read_text(encoding="utf-8").splitlines()

    assert hooks
    assert [hook for hook in hooks if hook not in checks] == []


def test_top_level_holds_what_it_should() -> None:
    assert {path.split("/")[0] for path in tracked() if not path.startswith(".")} == TOP_LEVEL


def test_lock_has_a_hash_for_every_package_and_names_no_registry() -> None:
    lock = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    packages = re.findall(r"^[a-z0-9_.-]+==\S+.*$", lock, re.MULTILINE)

    assert packages
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = {re.split(r"[\[<>=]", package)[0] for package in project["dependencies"]}
    assert needed - {package.partition("==")[0] for package in packages} == set()
    assert all(line.endswith("\\") for line in packages)
    assert "://" not in lock


@pytest.mark.parametrize("page", PATHS, ids=[path.name for path in PATHS])
def test_links_of_a_page_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^):#]*)(#[^)]*)?\)", PAGES[page.name])

    assert [path for path, _ in links if not (page.parent / path).exists()] == []
    for path, anchor in links:
        if anchor:
            assert anchor in list_anchors((page.parent / path) if path else page)


@pytest.mark.parametrize("name", PAGES)
def test_files_and_modules_that_a_page_names_exist(name: str) -> None:
    code = re.findall(r"`[^`\n]+`", PAGES[name])
    paths = {
        path.rstrip("/.") for each in code for path in re.findall(r"\b(?:bot|tests|docs)/[\w./-]+", each)
    }
    modules = {module for each in code for module in re.findall(r"(?<![\w-])bot(?:\.\w+)+", each)}

    assert [path for path in sorted(paths) if not (ROOT / path).exists()] == []
    assert [module for module in sorted(modules) if not is_module(module)] == []


def test_the_bot_says_what_operating_quotes() -> None:
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in ROOT.glob("bot/**/*.py")]
    constants = [node.value for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    said = "\n".join(value for value in constants if isinstance(value, str)).casefold()
    quoted = re.findall(r'"([^"\n]+)"', re.sub(r"`[^`\n]*`", "", PAGES["operating.md"]))

    assert quoted
    assert [words for words in quoted if words.strip("… .").casefold() not in said] == []


def test_the_diagram_of_the_layers_is_made_from_the_contracts() -> None:
    path = read_path(PAGES["architecture.md"])

    assert len(path) == 10
    assert DIAGRAM.read_text(encoding="utf-8") == draw(read_layers(), path)


def test_the_page_of_sentences_is_made_from_the_golden_files_and_the_code() -> None:
    assert PAGES["sentences.md"] == make_page(), "python -m tests.support.sentences writes it"


def test_the_page_of_pictures_shows_each_surface_in_every_look() -> None:
    shown = re.findall(r"\(pictures/([\w-]+)\.png\)", PAGES["pictures.md"])
    surfaces = [name for name in shown if "-" not in name]

    assert shown == [f"{name}{ending}" for name in surfaces for ending in LOOKS]
    assert sorted(shown) == sorted(path.stem for path in PICTURES.glob("*.png"))


def test_the_pictures_stay_small() -> None:
    assert sum(path.stat().st_size for path in PICTURES.glob("*.png")) < 2_900_000


def test_readme_shows_the_path_of_a_command_as_architecture_does() -> None:
    assert read_path(PAGES["README.md"]) == read_path(PAGES["architecture.md"])


def test_readme_sets_up_in_two_commands() -> None:
    assert re.findall(r"```sh\n(.*?)\n```", PAGES["README.md"], re.DOTALL) == [RUN_IT, TEST_IT]


def test_readme_fits_on_few_screens() -> None:
    assert len(PAGES["README.md"].splitlines()) <= 130


def test_the_changelog_begins_with_this_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    assert re.findall(r"^## \[(.+?)\]", PAGES["CHANGELOG.md"], re.MULTILINE)[0] == project["version"]


def list_anchors(page: Path) -> list[str]:
    """List GitHub's anchors of a page's headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return ["#" + re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings]


def is_module(name: str) -> bool:
    path = ROOT.joinpath(*name.split("."))
    return path.with_suffix(".py").exists() or (path / "__init__.py").exists()


def test_repeats_no_group_possessively() -> None:
    # Python before 3.11.5 matches such groups wrongly (python/cpython#106052), single characters rightly.
    found = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for path in sorted((ROOT / "bot").rglob("*.py"))
        for line in path.read_text("utf-8").splitlines()
        if re.search(r"\)[*+?]\+", line.partition("  # ")[0]) and not line.lstrip().startswith("#")
    ]
    assert found == []


SURE = {"documented", "reported", "doubtful"}


def test_every_fact_about_slack_has_a_source_and_a_test_of_the_local_slack() -> None:
    rows = [
        [cell.strip() for cell in line.strip("|").split(" | ")]
        for line in PAGES["slack-facts.md"].splitlines()
        if line.startswith("| ") and not line.startswith("| fact")
    ]

    assert rows
    for fact, source, sure, test in rows:
        path, name = test.strip("` |").split("::")
        code = (ROOT / "tests" / "playground" / path).read_text(encoding="utf-8")
        assert fact
        assert source
        assert sure in SURE
        assert f"def {name}(" in code, test
