"""Whether a text is English enough for the detectors: everything else is refused by policy, not waved through.

By function words and scripts alone: no model, a few microseconds, deliberately unwilling to refuse a short text.
"""

from __future__ import annotations

import re
from typing import Final

from privacy.errors import PrivacyError

_ENGLISH: Final = frozenset(
    """
    the of and to in a is that for it as was with be by on not he i this are or his from at which but have an had they
    you were their one all we can her has there been if more when will would who so no what how my me your our do does
    did about into than them could should please write make give some
    """.split()  # noqa: SIM905  # a hundred quotation marks would not read better
)
# Words that English does not have, or hardly: each is frequent in its own language.
_OTHERS: Final = frozenset(
    """
    el los las una para por como más pero esta está qué cómo muy también del con se su sus es lo que un y
    le les une des dans pour avec est sont vous nous mais cette être pas sur aux du et ou je que qui ce
    der das und ist nicht ein eine zu den mit sich auf dem für von im auch bei oder wie wir ich sie des
    il gli della che di non sono per una nel con anche questo più è e alla ho mi
    os uma não com dos da em mais foi são você também isso seu sua ao
    het een van niet zijn voor met dat aan ook naar wat deze wij je
    nie jest się na że jak ale dla czy tak przez od są
    dan yang untuk dengan ini itu dari pada adalah tidak akan saya ke bisa
    ve bir bu için ile çok ama gibi daha değil olarak ne mi
    och att det som en på är inte av han har jag till om vi
    og jeg ikke det til av er den
    ja ei on että se hän mutta oli kun ovat
    và của là có không cho người được trong một những với
    """.split()  # noqa: SIM905  # the same
)
# "com" and "e" are words elsewhere, but not in addresses and in "e-mail".
_ADDRESS: Final = re.compile(r"(?i)\be-mails?\b|\S*[@/]\S+|\w+\.\w{2,}\S*")
_WORD: Final = re.compile(r"[^\W\d_]+")


def check_language(text: str) -> None:
    """Raises `PrivacyError` if most of normalised `text` is in another script or another language than English."""
    if text.isascii() and len(text) < 40:
        return
    letters = sum(map(str.isalpha, text))
    foreign = 0 if text.isascii() else sum(c.isalpha() and ord(c) >= 0x250 for c in text)
    if foreign >= 8 and foreign * 2 > letters:
        raise PrivacyError("the text is mostly in another script, and detection is for English: nothing was sent")
    words = [word.lower() for word in _WORD.findall(_ADDRESS.sub(" ", text))]
    if len(words) < 8:
        return
    english = sum(word in _ENGLISH for word in words)
    others = sum(word in _OTHERS for word in words)
    if others >= 4 and others >= 0.15 * len(words) and others > 2 * english:
        raise PrivacyError("the text is mostly in another language, and detection is for English: nothing was sent")
