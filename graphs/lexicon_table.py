"""How English says Wikidata's most used relations: one line each, as regular expressions (see `graphs.lexicon`)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

from graphs.lexicon_words import (
    AWARD,
    GENRES,
    INSTRUMENTS,
    LABEL,
    LANGUAGES,
    LEAGUE,
    ROLES,
    SPORTS,
    STUDIO,
    VOICES,
)

Kind = Literal["person", "title", "organisation", "place", "country", "award", "date", "money", "word", "any"]
"""What the letters of a tail can show it to be; `word` is a common noun of a closed list."""


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table; the fields are those of `graphs.lexicon.Signs`, before they are compiled."""

    kind: Kind
    before: str = ""
    after: str = ""
    own: str = ""
    words: str = ""
    bare: bool = False


TABLE: Final[dict[str, Row]] = {
    # films and books
    "director": Row(
        "person",
        before="direct(?:ed|ion|or|ing)|helmed|film(?:s|ed)? by|short by",
        after="directed|directs",
    ),
    "screenwriter": Row(
        "person",
        before="writ(?:ten|er)|co-?written|screenplay|script(?:ed)?|screenwriter",
        after="wrote",
    ),
    "author": Row("person", before="writ(?:ten|er)|author(?:ed)?|(?:novel|book|poem|play|story) by", after="wrote"),
    "producer": Row("person", before="produc(?:ed|er)|co-?produced|production by", after="produced"),
    "cast member": Row(
        "person",
        before=(
            r"(?:star(?:s|red|ring)?|co-?star\w*|featur(?:es|ed|ing)|play(?:ed|s) by|portrayed by|cast|"
            r"act(?:ors?|ress(?:es)?))\b(?!.*character)"
        ),
        after=r"stars?\b|starred|as [A-Z]",
    ),
    "characters": Row(
        "person",
        before=(
            "(?:as|role of|characters?|protagonists?|detective|hero(?:ine)?|villain|"
            r"resurrected by)(?: the| named| called| of)?(?: \w+)?$"
        ),
        after="played by|portrayed",
    ),
    "production company": Row(
        "organisation",
        before="produc(?:ed|tion)|distributed|partnership|studio",
        own=STUDIO,
    ),
    "distributed by": Row("organisation", before="distribut|released by", own=STUDIO),
    "based on": Row(
        "title",
        before="based (?:up)?on|adapt(?:ation|ed)|inspired by|version of|retelling of|elements from",
    ),
    "award received": Row(
        "award",
        before="won|wins|winning|winner|award(?:ed)?|receiv(?:ed|ing)|earned",
        own=AWARD,
    ),
    "nominated for": Row("award", before="nominat(?:ed|ion|ions|ing)|shortlisted", after="nominat", own=AWARD),
    "narrative location": Row("place", before="set|takes? place|took place|story|lives? in|located|events"),
    "filming location": Row("place", before="film(?:ed|ing)|shot|shooting|photography|location"),
    "main subject": Row(
        "any",
        before=(
            "(?:about|life of|depict(?:s|ing|ion)|stor(?:y|ies) of|follows|documentary on|concern(?:s|"
            "ing)|focus(?:es)? on|subject of|breakdown of|explor(?:es|ing)|chronicl(?:es|ing)|"
            r"portrait of)(?: \w+){0,3}$"
        ),
    ),
    "country of origin": Row(
        "country",
        before="originat|produced|production|made|film|invented|developed|school of|released",
    ),
    "cost": Row("money", before="budget|cost", after="budget"),
    "publication date": Row(
        "date",
        before=(
            r"(?:releas(?:ed|e)|premier(?:ed|e)|published|(?:re-?)?issued|aired)\b[^.;]{0,60}$|(?:is|"
            "was) (?:an?|the)$|the original$"
        ),
    ),
    "genre": Row("word", words=GENRES, bare=True),
    # music
    "composer": Row(
        "person",
        before=(
            "compos(?:ed|er|ition)|music|scored?|writ(?:ten|er)|co-?written|(?:songs?|works?|piece|solo|"
            "opera|symphony|concerto|sonata|ballet|cantata) by|collaboration"
        ),
        after=r"(?:composed|wrote)\b(?! (?:in|by|for|on)\b)",
    ),
    "lyrics by": Row("person", before="lyric|words|libretto|writ(?:ten|er)|co-?written", after="wrote"),
    "performer": Row(
        "person",
        before=(
            "(?:song|single|album|track|ballad|ep|hit|record|mixtape|compilation)s?(?: recorded|"
            r" performed| released| written(?: and \w+)?)? by|record(?:ed)? by|performed by|sung by|"
            r"vocals|featur(?:es|ed|ing)\b|(?:from|shows?)$|(?:singer|band|rapper|group|duo|trio|quartet|"
            "artist|musician|vocalist|entertainer|recording artist|girl)$"
        ),
        after=r"['’]s (?:\w+ ){0,4}(?:album|single|song|ep|record)|(?:perform(?:s|ed)|sang|recorded)",
    ),
    "part of": Row(
        "title",
        before=(
            "(?:album|ep|lp|soundtrack|record|collection|compilation|part of|included (?:in|on)|"
            "(?:tracks?|songs?) (?:on|from|of))(?: of| to| for)?,?(?: the)?$"
        ),
    ),
    "tracklist": Row(
        "title",
        before=r"(?:songs?|tracks?|singles?|hits?)\b[^.;]{0,20}$",
        after="(?:was|were|became) (?:all )?(?:released|chosen|issued)",
    ),
    "record label": Row(
        "organisation",
        before="label|releas|sign(?:ed)? (?:to|with)|issued|(?:through|via|under|from|by|on)$",
        after="re-?(?:issued|leased)|released",
        own=LABEL,
    ),
    "language of work or name": Row(
        "word",
        before="in|sung|language|original|perform",
        after="-?language|lyrics|version|song",
        words=LANGUAGES,
    ),
    "instrumentation": Row("word", words=INSTRUMENTS, bare=True),
    "voice type": Row("word", words=VOICES, bare=True),
    # sport
    "sport": Row("word", words=SPORTS, bare=True),
    "occupation": Row("word", words=ROLES, bare=True),
    "member of sports team": Row(
        "organisation",
        before=(
            "(?:plays?|played|playing|sign(?:s|ed)|debut|career|appear(?:s|ed)|seasons?|loan|footballer|"
            r"midfielder|defender|forward|striker|goalkeeper)\b.* (?:for|with|to|at|by)(?: the|"
            r" \w+ (?:club|side))?$|join(?:s|ed|ing)(?: the| \w+ (?:club|side))?$|\b(?:club|side)$|"
            "member of(?: the)?$|mov(?:es|ed) to$|transferred to$|(?:for|with)$"
        ),
    ),
    "coach of sports team": Row("organisation", before=r"(?:coach(?:es|ed)?|manag(?:es|ed|er))\b"),
    "league": Row("organisation", own=LEAGUE, bare=True),
    "country for sport": Row(
        "country",
        before="represent|national|compet|born|olympic",
        after="national|international|women|men",
    ),
    "sports season of league or competition": Row(
        "organisation",
        before=(
            "(?:(?:edition|season|year|running|staging|playing|part) of|season (?:in|for))(?: the|"
            " its)?$|statistics of(?: the)?$"
        ),
    ),
    "home venue": Row(
        "any",
        before="stadium|ground|arena|home|venue|based at",
        own=r"(?:.*\b)?(?:Stadium|Arena|Park|Ground|Field|Center|Centre|Road|Lane|Stade|Estadio)\b",
    ),
    "competition class": Row("word", words=rf"(?:wo)?men['’]s (?:U\d+ |under-\d+ )?(?:{SPORTS})", bare=True),
    # people
    "place of birth": Row("place", before="born"),
    "date of birth": Row("date", before="born"),
    "place of death": Row("place", before="died|death|killed|murdered"),
    "date of death": Row("date", before="died|death|killed"),
    "spouse": Row("person", before="marri(?:ed|age)|wife|husband|spouse|wed"),
    "child": Row("person", before="sons?|daughters?|child(?:ren)?|father of|mother of"),
    "father": Row("person", before="son of|daughter of|father"),
    "mother": Row("person", before="son of|daughter of|mother"),
    "educated at": Row("organisation", before="educated|studied|attend|graduat|alumn|student"),
    "employer": Row("organisation", before="work(?:s|ed)|employ|professor|joined|staff"),
    "member of political party": Row("organisation", before="member|party|politician"),
    "country of citizenship": Row("country", before="citizen|national|from|born"),
    # organisations and places
    "founded by": Row(
        "person",
        before="found(?:ed|er)|establish|co-?founded|creat",
        after="founded|co-?founded|established",
    ),
    "inception": Row("date", before="found(?:ed|ing)|establish|creat|formed|opened|built"),
    "headquarters location": Row("place", before="headquarter|based|offices?"),
    "publisher": Row("organisation", before="publish", after="published"),
    "developer": Row("organisation", before="develop", after="developed"),
    "owned by": Row("any", before="own(?:ed|er|s)", after="owns|owned"),
    "parent organization": Row("organisation", before="subsidiary|division|part of|owned"),
    "architect": Row("person", before="design|architect", after="designed"),
    "country": Row("country", before="in|of|located|city|town|village|river"),
    "capital": Row("place", before="capital"),
    "located in the administrative territorial entity": Row("place", before="in|located|lies|situated"),
}

# What a tail is not, of relations (and of all that lead to a person).
UNLESS: Final = {
    "person": re.compile(
        r".*\b(?:Records|Recordings|Pictures|Studios?|Entertainment|Awards?|Festival|League|Prize|Guild)\b"
    ),
    "member of sports team": re.compile(LEAGUE + r"|.*\b(?:Academy|Federation|Association|Confederation)\b"),
    "coach of sports team": re.compile(LEAGUE),
    "record label": re.compile("CD|LP|EP|Europe|North America|Billboard|iTunes"),
    "sports season of league or competition": re.compile(
        r".*\b(?:Con)?[Ff]ederation|.*\bAssociation|.*America\b|.*\bClub\b|North$|South$"
    ),
    "league": re.compile(r".*\bClub\b"),
}
# Other names for lines of the table.
SAME: Final = {
    "composed by": "composer", "music by": "composer", "lyricist": "lyrics by", "directed by": "director",
    "written by": "author", "produced by": "producer", "starring": "cast member", "release date": "publication date",
    "actor": "cast member", "language": "language of work or name", "instrument": "instrumentation",
    "original language of film or tv show": "language of work or name", "birth place": "place of birth",
    "birth date": "date of birth", "death place": "place of death", "founder": "founded by",
    "filmed in": "filming location", "set in": "narrative location",
    "plays for": "member of sports team", "team": "member of sports team",
}  # fmt: skip
