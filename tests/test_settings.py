"""Settings: a flag beats the file, the file beats the default, and a mistake is one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from drag.errors import ConfigError
from drag.settings import FILE, Settings


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_defaults() -> None:
    settings = Settings.load()
    assert settings == Settings()
    assert (settings.models.student, settings.build.evidence, settings.build.keep) == ("smollm2-135m", 10, 5)
    assert not settings.build.show_choices  # blind evidence, unless somebody asks for the other


def test_the_file_beats_the_default_and_a_flag_the_file(folder: Path) -> None:
    (folder / FILE).write_text('[build]\nkeep = 3\nevidence = 7\n[models]\nstudent = "mine"\nsources = ["wheels"]\n')
    settings = Settings.load()
    assert (settings.build.keep, settings.build.evidence, settings.models.student) == (3, 7, "mine")
    assert settings.models.sources == ("wheels",)
    assert settings.build.triples == Settings().build.triples
    flagged = settings.override("build", keep=1, evidence=None, document=0)
    assert (flagged.build.keep, flagged.build.evidence, flagged.build.document) == (1, 7, 0)
    assert flagged.models == settings.models
    assert settings.build.keep == 3  # the settings that were overridden are as they were


def test_zero_and_false_are_given_flags(folder: Path) -> None:
    (folder / FILE).write_text("[build]\nevidence = 7\nshow_choices = true\nrelevance = 2\n")
    settings = Settings.load().override("build", evidence=0, show_choices=False, relevance=0.0)
    assert (settings.build.evidence, settings.build.show_choices, settings.build.relevance) == (0, False, 0)


def test_a_named_file_is_read_in_place_of_the_one_that_lies_there(folder: Path) -> None:
    (folder / FILE).write_text("[build]\nkeep = 3\n")
    other = folder / "other.toml"
    other.write_text("[build]\nevidence = 4\n")
    settings = Settings.load(other)
    assert (settings.build.keep, settings.build.evidence) == (5, 4)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[build]\nkeeep = 3\n", "build.keeep"),
        ("[bild]\nkeep = 3\n", "bild"),
        ('[build]\nkeep = "many"\n', "build.keep"),
        ("[build]\nkeep = 2.5\n", "build.keep"),
        ("[build]\nkeep = 0\n", "build.keep"),
        ("[build]\nsimilarity = -1\n", "build.similarity"),
        ("[build]\nsimilarity = nan\n", "build.similarity"),
        ('[ask]\nstyle = "loud"\n', "ask.style"),
        ("[remote]\nprice = [1.0]\n", "remote.price"),
        ("build = 3\n", "build"),
        ("[build\nkeep = 3\n", FILE),
        ("[build]\nkeep = 1\nkeep = 2\n", FILE),
        ('[build]\nkeep = "a"\nevidence = "b"\n', "build.evidence"),
    ],
)
def test_what_is_wrong_in_the_file_is_named_in_one_line(folder: Path, text: str, named: str) -> None:
    (folder / FILE).write_text(text)
    with pytest.raises(ConfigError) as caught:
        Settings.load()
    assert named in str(caught.value)
    assert FILE in str(caught.value)
    assert "\n" not in str(caught.value)


def test_files_that_cannot_be_read(folder: Path) -> None:
    with pytest.raises(ConfigError, match=r"there is no settings file mine\.toml"):
        Settings.load("mine.toml")
    (folder / "folder.toml").mkdir()
    (folder / "latin.toml").write_bytes(b'[models]\nstudent = "K\xf6ln"\n')
    for name in ("folder.toml", "latin.toml"):
        with pytest.raises(ConfigError, match=name) as caught:
            Settings.load(folder / name)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("flags", [{"keep": 0}, {"keep": "many"}, {"keeep": 3}])
def test_a_flag_that_does_not_fit(flags: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=r"kee+p") as caught:
        Settings().override("build", **flags)
    assert "\n" not in str(caught.value)


def test_the_environment_holds_no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("KEEP", "BUILD_KEEP", "DRAG_KEEP", "DRAG_BUILD_KEEP", "DRAG_BUILD__KEEP", "build__keep"):
        monkeypatch.setenv(name, "1")
    assert Settings.load() == Settings()


def test_single_choices_change_the_named_policy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import privacy
    from drag.models import Fetching
    from drag.models.gateway import open_sanitizer
    from privacy.policy import Policy

    opened: list[Policy] = []

    def record(policy: Policy, **_: object) -> None:
        opened.append(policy)

    monkeypatch.setattr(privacy, "open_sanitizer", record, raising=False)
    settings = Settings().override("privacy", spacy=str(tmp_path), threshold=0.2, kinds_off=("GROUP",))
    open_sanitizer(settings, Fetching(allowed=False))
    assert opened == [Policy("balanced", threshold=0.2, kinds_off=frozenset({"GROUP"}))]
