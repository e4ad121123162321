"""Placeholders of one question, and private words that are caught in a reply."""

from __future__ import annotations

from gossip import again, sanitizer

from privacy import Vault
from privacy.returned import Caught, generic, hide


def test_scopes_follow_from_the_very_question_and_the_key() -> None:
    one = again([["Is Margaret Holloway in?"]])
    two = again([["Is Jonas Weiss in?"]])
    assert one.scopes == again([["Is Margaret Holloway in?"]]).scopes
    assert one.scopes != two.scopes, "de-identified they read the same"
    assert one.scopes != hide(sanitizer().session(), [["Is Margaret Holloway in?"]], bytes(32)).scopes
    assert generic(one.layers[0][0]) == generic(two.layers[0][0]) == "Is a person in?"
    assert list(one.words.values()) == ["Margaret Holloway"]
    # Where one text ends and the next begins counts.
    assert again([["a"], ["bc", "d"]]).scopes[1] != again([["a"], ["b", "cd"]]).scopes[1]
    assert again([["a"], ["b"], ["c"]]).scopes[2] != again([["a"], ["b", "c"], []]).scopes[2]


def test_a_hint_inside_a_placeholder_is_not_part_of_its_kind() -> None:
    words = {"<DATE_1984_QKTZMA1>": "3 May 1984", "<AGE_30S_QKTZMA1>": "34"}
    assert generic("Born <DATE_1984_QKTZMA1>, <AGE_30S_QKTZMA1>.") == "Born a date, an age."
    assert Vault(words).counts == {"AGE": 1, "DATE": 1}
    assert Caught(words, ["QKTZMA"]).find("on 3 may 1984", ["QKTZMA"]) == {"DATE": 1}


def test_what_evidence_gives_away_is_hidden_in_the_question_under_the_records_own_scope() -> None:
    text = "Does Margaret know Jonas Weiss?"
    alone = again([[text], [], []])
    more = again([[text], [], ["Margaret Holloway knows everyone."]])
    assert "Margaret" in alone.layers[0][0]
    assert "Margaret" not in more.layers[0][0]
    # What both know has the same placeholder in both; what only the record gives away is told to nobody who asks.
    assert alone.words.items() <= more.words.items()
    assert {name for name in more.words if more.scopes[2] in name} == more.words.keys() - alone.words.keys()


def test_choices_do_not_move_the_numbers_of_the_question() -> None:
    text = "Was it Margaret?"
    choices = ["Jonas Weiss", "Margaret Holloway"]
    asked, built = again([[text], choices]), again([[text], choices, ["Acme Robotics"]])
    assert asked.words.items() <= built.words.items()
    assert asked.layers[1] == built.layers[1]
    other = again([[text], ["Margaret Holloway", "Jonas Weiss"]])
    assert not asked.words.keys() & other.words.keys(), "with other choices it is another question"


def test_caught_words_are_found_however_they_are_written() -> None:
    caught = Caught({"<PERSON_ABCDEF1>": "Margaret Holloway", "<LOCATION_ABCDEF1>": "Ghent"}, ["ABCDEF"])
    hidden, count = caught.hide("margaret\nHOLLOWAY, Ｍargaret Ho\u200blloway, Ghent, Margarets")
    assert (hidden, count) == ("<PERSON_ABCDEF1>, <PERSON_ABCDEF1>, Ghent, Margarets", 2)
    assert caught.hide("Ghent and Margaret", ["ABCDEF"]) == ("<LOCATION_ABCDEF1> and <PERSON_ABCDEF1>", 2)
    assert caught.find("Ghent, Margaret Holloway", ["OTHERS"]) == {"PERSON": 1}
    caught.wipe()
    assert caught.hide("Margaret Holloway") == ("Margaret Holloway", 0)


def test_a_word_of_several_questions_gets_the_placeholder_of_the_one_that_is_asked() -> None:
    caught = Caught({"<PERSON_ABCDEF1>": "Margaret Holloway"}, ["ABCDEF"])
    caught.add({"<PERSON_UVWXYZ1>": "Margaret Holloway"}, ["UVWXYZ", "QRSTUV"])
    assert caught.hide("Margaret Holloway", ["UVWXYZ"])[0] == "<PERSON_UVWXYZ1>"
    assert caught.hide("Margaret Holloway", ["QRSTUV"])[0] == "<PERSON_UVWXYZ1>"
    assert caught.hide("Margaret Holloway", ["ABCDEF"])[0] == "<PERSON_ABCDEF1>"
    assert caught.hide("Margaret", ["ABCDEF", "OTHERS"])[0] == "<PERSON_ABCDEF1>"
    assert caught.hide("Margaret")[0] == "Margaret"
