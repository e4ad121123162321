"""How English says the relations of common ontologies: the words before and after a tail, and what a tail can be.

A small table of Wikidata's most used relations (films, music, sport, people, organisations, places). A relation that
is not in it is known by the words of its own name (see `signs`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

from graphs.ontology import Relation, tail_type

Kind = Literal["person", "title", "organisation", "place", "country", "award", "date", "money", "word", "any"]
"""What the letters of a tail can show it to be; `word` is a common noun of a closed list."""


@dataclass(frozen=True, slots=True)
class Signs:
    """What speaks for a relation.

    `before` is looked for in the words that lead to the tail, `after` in those that follow it, `own` in the tail
    itself. `words` are the common nouns that a tail of kind `word` is one of. A relation whose tail needs no words
    around it (a sport, an instrument) has `bare`.
    """

    kind: Kind
    before: re.Pattern[str] | None = None
    after: re.Pattern[str] | None = None
    own: re.Pattern[str] | None = None
    words: re.Pattern[str] | None = None
    bare: bool = False


def _re(text: str) -> re.Pattern[str] | None:
    return re.compile(rf"\b(?:{text})", re.IGNORECASE) if text else None


_SPORTS: Final = (
    "association football|american football|australian rules football|canadian football|gaelic football|"
    "soccer|futsal|basketball|volleyball|beach volleyball|baseball|softball|ice hockey|field hockey|hockey|"
    "rugby league|rugby union|rugby sevens|rugby|cricket|tennis|table tennis|badminton|squash|golf|boxing|kickboxing|"
    "mixed martial arts|wrestling|judo|karate|taekwondo|fencing|archery|shooting|rowing|canoeing|sailing|swimming|"
    "diving|water polo|synchronized swimming|athletics|gymnastics|cycling|road cycling|track cycling|mountain biking|"
    "triathlon|biathlon|cross-country skiing|alpine skiing|ski jumping|snowboarding|figure skating|speed skating|"
    "short track speed skating|bobsleigh|luge|skeleton|curling|handball|lacrosse|bandy|floorball|netball|polo|"
    "horse racing|auto racing|motorsport|motorcycle racing|rallying|formula one|snooker|darts|chess|bodybuilding|"
    "weightlifting|powerlifting|surfing|skateboarding|bowling|korfball|kabaddi|hurling|camogie|sumo|equestrian"
)
_INSTRUMENTS: Final = (
    "piano|violin|viola|cello|double bass|bass guitar|electric guitar|acoustic guitar|guitar|lute|harp|harpsichord|"
    "organ|flute|piccolo|recorder|oboe|cor anglais|clarinet|bassoon|saxophone|trumpet|cornet|french horn|horn|"
    "trombone|tuba|timpani|percussion|drums|marimba|vibraphone|xylophone|celesta|accordion|mandolin|banjo|sitar|"
    "string quartet|string orchestra|chamber orchestra|orchestra|choir|synthesizer|keyboard|voice"
)
_VOICES: Final = (
    "coloratura soprano|lyric soprano|dramatic soprano|mezzo-soprano|soprano|contralto|alto|countertenor|"
    "heldentenor|tenor|bass-baritone|baritone|bass"
)
_LANGUAGES: Final = (
    "English|French|German|Spanish|Italian|Portuguese|Dutch|Swedish|Norwegian|Danish|Finnish|Icelandic|Russian|"
    "Ukrainian|Polish|Czech|Slovak|Hungarian|Romanian|Bulgarian|Serbian|Croatian|Greek|Turkish|Arabic|Hebrew|"
    "Persian|Hindi|Urdu|Bengali|Punjabi|Tamil|Telugu|Malayalam|Kannada|Marathi|Chinese|Mandarin|Cantonese|Japanese|"
    "Korean|Vietnamese|Thai|Indonesian|Malay|Filipino|Tagalog|Swahili|Latin|Welsh|Irish|Basque|Catalan|Galician|"
    "Afrikaans|Albanian|Armenian|Georgian|Estonian|Latvian|Lithuanian"
)
_GENRES: Final = (
    "(?:hard |punk |pop |indie |alternative |progressive |psychedelic |folk |glam |gothic |soft |art |country |"
    "industrial |garage |southern |blues )?rock(?: and roll)?|(?:synth|dance-|electro|teen |power |indie |dream |"
    "art |k-|j-|latin )?pop(?: music)?|(?:heavy|black|death|thrash|doom|power|progressive|speed|nu|folk) metal|"
    "metalcore|hip[ -]hop|(?:gangsta |trap )?rap|r&b|contemporary r&b|rhythm and blues|soul|funk|disco|house|techno|"
    "trance|electronica|electronic|ambient|dubstep|drum and bass|reggaeton|reggae|ska|dancehall|jazz(?: fusion)?|"
    "bebop|swing|ragtime|blues|country(?: music)?|bluegrass|folk(?: music)?|gospel|christmas music|new wave|punk|"
    "grunge|emo|salsa|bossa nova|samba|tango|flamenco|opera|operetta|musical|symphony|concerto|sonata|waltz|ballad|"
    "power ballad|march|hymn|baroque music|classical music|soundtrack|world music|worldbeat|new-age|avant-garde"
)
_ROLES: Final = (
    "(?:professional |amateur |sumo )?wrestler|(?:association |american )?football player|footballer|actor|actress|"
    "singer|songwriter|rapper|model|writer|author|novelist|poet|journalist|politician|lawyer|engineer|architect|"
    "painter|sculptor|photographer|composer|conductor|pianist|film director|director|screenwriter|film producer|"
    "producer|comedian|television presenter|presenter|commentator|color commentator|sportscaster|manager|coach|"
    "boxer|kickboxer|mixed martial artist|cyclist|swimmer|sprinter|hurdler|runner|long-distance runner|marathon runner|"
    "middle-distance runner|race ?walker|high jumper|long jumper|triple jumper|pole vaulter|shot putter|discus thrower|"
    "javelin thrower|hammer thrower|decathlete|heptathlete|triathlete|biathlete|gymnast|judoka|fencer|archer|rower|"
    "canoeist|sailor|golfer|cricketer|basketball player|volleyball player|handball player|water polo player|"
    "baseball player|ice hockey player|rugby (?:union |league )?player|tennis player|badminton player|"
    "table tennis player|chess player|skier|alpine skier|cross-country skier|ski jumper|snowboarder|figure skater|"
    "speed skater|bobsledder|luger|curler|jockey|racing driver|rally driver|surfer|bodybuilder|weightlifter|"
    "powerlifter|diver|athlete|scientist|physicist|chemist|mathematician|biologist|historian|philosopher|economist"
)
_FILMS: Final = (
    "(?:(?:science fiction|romantic comedy|comedy[- ]drama|black comedy|martial arts|coming-of-age|road|spy|teen|"
    "action|adventure|animated|biographical|comedy|crime|documentary|drama|fantasy|historical|horror|musical|mystery|"
    "romance|romantic|thriller|war|western|noir|silent|short|superhero|disaster|sports|propaganda|slasher|zombie|"
    "vampire|heist|buddy|family|children's|parody|satirical|pornographic|erotic|anthology|epic|dystopian|"
    "psychological thriller|political thriller|monster|crime thriller|blaxploitation|exploitation) film|"
    "comedy[- ]drama|romantic comedy|black comedy|science fiction|film noir|horror|thriller|western|drama|comedy|"
    "documentary|fantasy|musical|mystery|satire|melodrama|slasher|anime|sitcom|parody|biopic|swashbuckler)"
)
_CLUB: Final = (
    r"(?:.*\b)?(?:F\.?C|A\.?F\.?C|C\.?F|S\.?C|United|City|Town|Rovers|Wanderers|Athletic|Albion|County|Hotspur|"
    r"Club|Dynamo|Dinamo|Spartak|Lokomotiv|Sporting|Real|Inter|Olympique|RC|AC|AS|SK|FK|IF|BK|Team)\b"
)
_LABEL: Final = r"(?:.*\b)?(?:Records|Recordings|Music|Entertainment|Label|Discos)\b"
_STUDIO: Final = (
    r"(?:.*\b)?(?:Pictures?|Studios?|Films?|Entertainment|Productions?|Animations?|Cinema|Media|Television|Bros\.?)\b"
)
_AWARD: Final = (
    r"(?:.*\b)?(?:Awards?|Prize|Oscars?|Medal|Trophy|Cup|Globe|Emmy|Grammy|BAFTA|Palme|Bear|Lion|Festival|César|"
    r"Goya|Order|Cross)\b"
)
_LEAGUE: Final = (
    r"(?:.*\b)?(?:Leagues?|Liga|Ligue|Lega|Premiership|Bundesliga|Serie|Division|Eredivisie|Allsvenskan|"
    r"Championship|Conference|NBA|NFL|NHL|MLB|MLS|WNBA|AFL|NRL|KHL|Baseball|Superleague|Veikkausliiga|Superliga)\b"
)
_BAND: Final = "singer|band|rapper|group|duo|trio|quartet|artist|musician|vocalist|entertainer|recording artist|girl"

# name: kind, before, after, own, words, bare
_TABLE: Final[dict[str, tuple[Kind, str, str, str, str, bool]]] = {
    # films and books
    "director": ("person", "direct(?:ed|ion|or|ing)|helmed|film(?:s|ed)? by|short by", "directed|directs", "", "", False),
    "screenwriter": ("person", "writ(?:ten|er)|co-?written|screenplay|script(?:ed)?|screenwriter", "wrote", "", "", False),
    "author": ("person", "writ(?:ten|er)|author(?:ed)?|(?:novel|book|poem|play|story) by", "wrote", "", "", False),
    "producer": ("person", "produc(?:ed|er)|co-?produced|production by", "produced", "", "", False),
    "cast member": (
        "person", "star(?:s|red|ring)?|co-?star|featur(?:es|ed|ing)|play(?:ed|s) by|portray(?:ed|s)|cast|act(?:ors|ress)",
        "stars?|starred|plays|played|portrays|as", "", "", False,
    ),
    "characters": ("person", r"(?:as|role of|characters?|protagonists?|detective|hero(?:ine)?|villain|resurrected by)(?: the| named| called| of)?(?: \w+)?$", "played by|portrayed", "", "", False),
    "production company": ("organisation", "produc(?:ed|tion)|distributed|partnership|studio", "", _STUDIO, "", False),
    "distributed by": ("organisation", "distribut|released by", "", _STUDIO, "", False),
    "based on": ("title", "based (?:up)?on|adapt(?:ation|ed)|inspired by|version of|retelling of|elements from", "", "", "", False),
    "award received": ("award", "won|wins|winning|winner|award(?:ed)?|receiv(?:ed|ing)|earned", "", _AWARD, "", False),
    "nominated for": ("award", "nominat(?:ed|ion|ions|ing)|shortlisted", "nominat", _AWARD, "", False),
    "narrative location": ("place", "set|takes? place|took place|story|lives? in|located|events", "", "", "", False),
    "filming location": ("place", "film(?:ed|ing)|shot|shooting|photography|location", "", "", "", False),
    "main subject": ("any", r"(?:about|life of|depict(?:s|ing|ion)|stor(?:y|ies) of|follows|documentary on|concern(?:s|ing)|focus(?:es)? on|subject of|breakdown of|explor(?:es|ing)|chronicl(?:es|ing)|portrait of)(?: \w+){0,3}$", "", "", "", False),
    "country of origin": ("country", r"originat|produced|production|made|film|invented|developed|school of|released", "", "", "", False),
    "cost": ("money", "budget|cost", "budget", "", "", False),
    "publication date": ("date", r"(?:releas(?:ed|e)|premier(?:ed|e)|published|(?:re-?)?issued|aired)\b[^.;]{0,60}$|(?:is|was) (?:an?|the)$|the original$", "", "", "", False),
    "genre": ("word", "", "", "", _GENRES, True),
    # music
    "composer": ("person", "compos(?:ed|er|ition)|music|scored?|writ(?:ten|er)|co-?written|(?:songs?|works?|piece|solo|opera|symphony|concerto|sonata|ballet|cantata) by|collaboration", "composed|wrote", "", "", False),
    "lyrics by": ("person", "lyric|words|libretto|writ(?:ten|er)|co-?written", "wrote", "", "", False),
    "performer": ("person", rf"(?:song|single|album|track|ballad|ep|hit|record|mixtape|compilation)s?(?: recorded| performed| released| written(?: and \w+)?)? by|record(?:ed)? by|performed by|sung by|vocals|featur(?:es|ed|ing)\b|(?:from|shows?)$|(?:{_BAND})$", "['’]s (?:\w+ ){0,4}(?:album|single|song|ep|record)|(?:perform(?:s|ed)|sang|recorded)", "", "", False),
    "part of": ("title", r"(?:album|ep|lp|soundtrack|record|collection|compilation|part of|included (?:in|on)|(?:tracks?|songs?) (?:on|from|of))(?: of| to| for)?,?(?: the)?$", "", "", "", False),
    "tracklist": ("title", r"(?:songs?|tracks?|singles?|hits?)\b[^.;]{0,20}$", "(?:was|were|became) (?:all )?(?:released|chosen|issued)", "", "", False),
    "record label": ("organisation", r"label|releas|sign(?:ed)? (?:to|with)|issued", "re-?(?:issued|leased)|released", _LABEL, "", False),
    "language of work or name": ("word", "in|sung|language|original|perform", "-?language|lyrics|version|song", "", _LANGUAGES, False),
    "instrumentation": ("word", "", "", "", _INSTRUMENTS, True),
    "voice type": ("word", "", "", "", _VOICES, True),
    # sport
    "sport": ("word", "", "", "", _SPORTS, True),
    "occupation": ("word", "", "", "", _ROLES, True),
    "member of sports team": ("organisation", r"plays? (?:for|with)|played (?:for|with)|sign(?:s|ed) (?:for|with)|join(?:s|ed)|club|side|debut|member of|transferred|loan|for$|with$|mov(?:es|ed) to", "", _CLUB, "", False),
    "coach of sports team": ("organisation", "coach(?:es|ed)?|manag(?:es|ed|er)", "", _CLUB, "", False),
    "league": ("organisation", "", "", _LEAGUE, "", True),
    "country for sport": ("country", r"represent|national|compet|born|olympic", "national|international|women|men", "", "", False),
    "sports season of league or competition": ("any", r"(?:(?:edition|season|year|running|staging|playing|part) of|season (?:in|for))(?: the| its)?$|statistics of(?: the)?$", "", "", "", False),
    "home venue": ("any", r"stadium|ground|arena|home|venue|based at", "", r"(?:.*\b)?(?:Stadium|Arena|Park|Ground|Field|Center|Centre|Road|Lane|Stade|Estadio)\b", "", False),
    "competition class": ("word", "", "", "", rf"(?:wo)?men['’]s (?:U\d+ |under-\d+ )?(?:{_SPORTS})", True),
    # people
    "place of birth": ("place", "born", "", "", "", False),
    "date of birth": ("date", "born", "", "", "", False),
    "place of death": ("place", "died|death|killed|murdered", "", "", "", False),
    "date of death": ("date", "died|death|killed", "", "", "", False),
    "spouse": ("person", "marri(?:ed|age)|wife|husband|spouse|wed", "", "", "", False),
    "child": ("person", "sons?|daughters?|child(?:ren)?|father of|mother of", "", "", "", False),
    "father": ("person", "son of|daughter of|father", "", "", "", False),
    "mother": ("person", "son of|daughter of|mother", "", "", "", False),
    "educated at": ("organisation", "educated|studied|attend|graduat|alumn|student", "", "", "", False),
    "employer": ("organisation", "work(?:s|ed)|employ|professor|joined|staff", "", "", "", False),
    "member of political party": ("organisation", "member|party|politician", "", "", "", False),
    "country of citizenship": ("country", "citizen|national|from|born", "", "", "", False),
    # organisations and places
    "founded by": ("person", "found(?:ed|er)|establish|co-?founded|creat", "founded|co-?founded|established", "", "", False),
    "inception": ("date", "found(?:ed|ing)|establish|creat|formed|opened|built", "", "", "", False),
    "headquarters location": ("place", "headquarter|based|offices?", "", "", "", False),
    "publisher": ("organisation", "publish", "published", "", "", False),
    "developer": ("organisation", "develop", "developed", "", "", False),
    "owned by": ("any", "own(?:ed|er|s)", "owns|owned", "", "", False),
    "parent organization": ("organisation", "subsidiary|division|part of|owned", "", "", "", False),
    "architect": ("person", "design|architect", "designed", "", "", False),
    "country": ("country", "in|of|located|city|town|village|river", "", "", "", False),
    "capital": ("place", "capital", "", "", "", False),
    "located in the administrative territorial entity": ("place", "in|located|lies|situated", "", "", "", False),
}  # fmt: skip

_NAMES: Final = {
    "composed by": "composer", "music by": "composer", "lyricist": "lyrics by", "directed by": "director",
    "written by": "author", "produced by": "producer", "starring": "cast member", "release date": "publication date",
    "actor": "cast member", "language": "language of work or name", "instrument": "instrumentation",
    "original language of film or tv show": "language of work or name", "birth place": "place of birth",
    "birth date": "date of birth", "death place": "place of death", "founder": "founded by",
    "original network": "distributed by", "filmed in": "filming location", "set in": "narrative location",
    "notable work": "tracklist", "plays for": "member of sports team", "team": "member of sports team",
}  # fmt: skip

_KINDS: Final[tuple[tuple[Kind, str], ...]] = (
    ("date", "date year time"),
    ("money", "money budget amount price"),
    ("award", "award prize medal"),
    ("person", "human person people athlete composer actor writer politician character sportsperson producer director"),
    ("country", "country nation"),
    ("place", "city place location town region state venue river mountain continent village"),
    ("organisation", "company organization organisation club team league university school party label band agency"),
    ("title", "film album work book novel song musical series game software play"),
)


@lru_cache(maxsize=1024)
def signs(relation: Relation) -> Signs:
    """What speaks for `relation`: its line of the table, or what its own name and the type of its tail say."""
    name = " ".join(relation.name.casefold().split())
    row = _TABLE.get(_NAMES.get(name, name))
    if row is not None:
        kind, before, after, own, words, bare = row
        if name == "genre" and "film" in f"{relation.head} {relation.tail}":
            words = _FILMS
        return Signs(kind, _re(before), _re(after), _re(own), _re(f"(?:{words})\\b") if words else None, bare)
    stems = [re.escape(word[: max(4, len(word) - 3)]) for word in re.findall(r"[a-z]{3,}", name) if word not in _SMALL]
    return Signs(kind_of(relation), _re("|".join(stems)), _re("|".join(stems)))


_SMALL: Final = frozenset({"the", "has", "was", "and", "for", "with", "from", "into", "date", "place"})


def kind_of(relation: Relation) -> Kind:
    """What the type of a relation's tail says about its letters; `any` where it says nothing."""
    words = set(re.findall(r"[a-z]+", tail_type(relation).casefold()))
    return next((kind for kind, listed in _KINDS if words & set(listed.split())), "any")
