"""What the documents say is what the code does."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from drag.cli.reference import reference, settings

ROOT = Path(__file__).parent.parent

# The five lines name no model, so the settings decide: here the shipped fakes.
FAKES = """
[models]
teacher = "drag.testing:FakeTeacher"
student = "drag.testing:FakeTeacher"
embedder = "drag.testing:HashEmbedder"
"""


def test_the_five_lines_of_the_readme_run(tmp_path: Path) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
    assert len(code.strip().splitlines()) <= 5
    (tmp_path / "drag.toml").write_text(FAKES)
    (tmp_path / "questions.jsonl").write_text('{"question": "Who built the Aldgate Clock?"}\n')
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("I say ")
    assert (tmp_path / "knowledge.pack").exists()


def test_the_command_reference_is_up_to_date() -> None:
    assert (ROOT / "docs" / "cli.md").read_text("utf-8") == reference(), (
        "run: python -m drag.cli.reference > docs/cli.md"
    )


def test_the_page_of_the_settings_is_up_to_date() -> None:
    assert (ROOT / "docs" / "settings.md").read_text("utf-8") == settings(), (
        "run: python -m drag.cli.reference settings > docs/settings.md"
    )


@pytest.mark.parametrize(
    "page", sorted(path.relative_to(ROOT) for path in [ROOT / "README.md", *ROOT.glob("docs/*.md")])
)
def test_links_lead_somewhere(page: Path) -> None:
    text = (ROOT / page).read_text("utf-8")
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", text):
        assert (ROOT / page.parent / target).exists(), target
