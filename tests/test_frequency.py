"""Words that a large pack cannot afford to look for."""

from __future__ import annotations

import math
from pathlib import Path

import numpy
import pytest

from drag.documents import Document
from drag.index import frequency
from drag.index.frequency import Frequencies
from drag.pack import Pack, PackWriter
from drag.pack.documents import Ingested
from drag.types import Evidence
from graphs.spacy_reader import Reading


def worded(path: Path, count: int) -> Path:
    """Texts that all have `common`, half of them `half`, and each a word of its own."""
    vector = numpy.ones((1, 4), numpy.float32) / numpy.float32(2)
    made: list[Ingested] = []
    for number in range(count):
        piece = Evidence.of(f"common word{number} {'half' if number % 2 else 'other'}", f"document:d{number}#0-9")
        made.append(Ingested(Document(f"d{number}", "", piece.text), [piece], vector, [Reading()]))
    with PackWriter(path) as writer:
        writer.put_documents(made)
    return path


def test_words_of_a_small_pack_are_all_looked_for(tmp_path: Path) -> None:
    with Pack(worded(tmp_path / "my.pack", 50)) as pack:
        assert Frequencies(pack).affordable('"common" OR "word3"') == ('"common" OR "word3"', {})


def test_frequent_words_of_a_large_pack_are_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frequency, "SMALL", 10)
    monkeypatch.setattr(frequency, "FREQUENT", 20)
    monkeypatch.setattr(frequency, "ROWS", 2)
    with Pack(worded(tmp_path / "my.pack", 50)) as pack:
        counts = Frequencies(pack)
        match, left = counts.affordable('"common" OR "word3" OR "absent" OR "half"')
        assert match == '"word3"'
        assert left == pytest.approx({'"common"': math.log(50 / 20), '"half"': math.log(50 / 20)})
        # Rare ones too, when they are many.
        match, left = counts.affordable('"word1" OR "word2" OR "word3"')
        assert match == '"word1" OR "word2"'
        assert left == pytest.approx({'"word3"': math.log(50)})
        assert counts.affordable("") == ("", {})


def test_if_all_words_are_frequent_all_must_be_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frequency, "SMALL", 10)
    monkeypatch.setattr(frequency, "FREQUENT", 25)
    with Pack(worded(tmp_path / "my.pack", 51)) as pack:
        counts = Frequencies(pack)
        assert counts.affordable('"common" OR "half"')[0] == ""
        monkeypatch.setattr(frequency, "FREQUENT", 26)
        assert Frequencies(pack).affordable('"common" OR "half"')[0] == '"half"'
        monkeypatch.setattr(frequency, "FREQUENT", 24)
        assert pack.search_match('"common" AND "half"', 5)


def test_of_frequent_words_as_many_are_asked_for_as_texts_have(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frequency, "SMALL", 10)
    monkeypatch.setattr(frequency, "FREQUENT", 25)
    with Pack(worded(tmp_path / "my.pack", 60)) as pack:
        # `half` and `other` never stand together; the two that do not tell texts apart are not looked for.
        match, left = Frequencies(pack).affordable('"half" OR "other" OR "common"')
        assert match == ""
        assert set(left) == {'"half"', '"other"', '"common"'}
        monkeypatch.setattr(frequency, "FREQUENT", 30)
        assert Frequencies(pack).affordable('"half" OR "other"')[0] == ""


def test_phrases_of_frequent_words_are_not_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frequency, "SMALL", 10)
    monkeypatch.setattr(frequency, "FREQUENT", 20)
    with Pack(worded(tmp_path / "my.pack", 50)) as pack:
        counts = Frequencies(pack)
        assert counts.countable('"common word7"')
        assert not counts.countable('"common half"')
        assert counts.weight('"common half"') == 0
        assert counts.weight('"common word7"') == pytest.approx(math.log(50))
        match, left = counts.affordable('"common" OR "word7" OR "common word7" OR "common half"')
        assert match == '"word7" OR "common word7"'
        assert set(left) == {'"common"'}
