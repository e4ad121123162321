"""Closed lists of words that tails of relations are: sports, instruments, voices, genres, countries; and what names
of clubs, labels, studios, prizes and leagues end in. Regular expressions, without the marks of a group."""

from __future__ import annotations

import re
from typing import Final

SPORTS: Final = (
    "association football|american football|australian rules football|canadian football|gaelic football|"
    "soccer|futsal|basketball|volleyball|beach volleyball|baseball|softball|ice hockey|field hockey|hockey|"
    "rugby league|rugby union|rugby sevens|rugby|cricket|tennis|table tennis|badminton|squash|golf|boxing|kickboxing|"
    "mixed martial arts|wrestling|judo|karate|taekwondo|fencing|archery|shooting|rowing|canoeing|sailing|swimming|"
    "diving|water polo|synchronized swimming|athletics|gymnastics|cycling|road cycling|track cycling|mountain biking|"
    "triathlon|biathlon|cross-country skiing|alpine skiing|ski jumping|snowboarding|figure skating|speed skating|"
    "short track speed skating|bobsleigh|luge|skeleton|curling|handball|lacrosse|bandy|floorball|netball|polo|"
    "long jump|high jump|triple jump|pole vault|shot put|discus throw|javelin throw|hammer throw|hurdles|marathon|"
    "decathlon|heptathlon|horse racing|auto racing|motorsport|motorcycle racing|rallying|formula one|snooker|"
    "darts|chess|bodybuilding|weightlifting|powerlifting|surfing|skateboarding|bowling|korfball|kabaddi|hurling|camogie|sumo|equestrian"
)
INSTRUMENTS: Final = (
    "piano|violin|viola|cello|double bass|bass guitar|electric guitar|acoustic guitar|guitar|lute|harp|harpsichord|"
    "organ|flute|piccolo|recorder|oboe|cor anglais|clarinet|bassoon|saxophone|trumpet|cornet|french horn|horn|"
    "trombone|tuba|timpani|percussion|drums|marimba|vibraphone|xylophone|celesta|accordion|mandolin|banjo|sitar|"
    "string quartet|string orchestra|chamber orchestra|orchestra|choir|synthesizer|keyboard|voice"
)
VOICES: Final = (
    "coloratura soprano|lyric soprano|dramatic soprano|mezzo-soprano|soprano|contralto|alto|countertenor|"
    "heldentenor|tenor|bass-baritone|baritone|bass"
)
LANGUAGES: Final = (
    "English|French|German|Spanish|Italian|Portuguese|Dutch|Swedish|Norwegian|Danish|Finnish|Icelandic|Russian|"
    "Ukrainian|Polish|Czech|Slovak|Hungarian|Romanian|Bulgarian|Serbian|Croatian|Greek|Turkish|Arabic|Hebrew|"
    "Persian|Hindi|Urdu|Bengali|Punjabi|Tamil|Telugu|Malayalam|Kannada|Marathi|Chinese|Mandarin|Cantonese|Japanese|"
    "Korean|Vietnamese|Thai|Indonesian|Malay|Filipino|Tagalog|Swahili|Latin|Welsh|Irish|Basque|Catalan|Galician|"
    "Afrikaans|Albanian|Armenian|Georgian|Estonian|Latvian|Lithuanian"
)
GENRES: Final = (
    "(?:hard |punk |pop |indie |alternative |progressive |psychedelic |folk |glam |gothic |soft |art |country |"
    "industrial |garage |southern |blues )?rock(?: and roll)?|(?:synth|dance-|electro|teen |power |indie |dream |"
    "art |k-|j-|latin )?pop(?: music)?|(?:heavy|black|death|thrash|doom|power|progressive|speed|nu|folk) metal|"
    "metalcore|hip[ -]hop|(?:gangsta |trap )?rap|r&b|contemporary r&b|rhythm and blues|soul|funk|disco|house|techno|"
    "trance|electronica|electronic|ambient|dubstep|drum and bass|reggaeton|reggae|ska|dancehall|jazz(?: fusion)?|"
    "bebop|swing|ragtime|blues|country(?: music)?|bluegrass|folk(?: music)?|gospel|christmas music|new wave|punk|"
    "grunge|emo|salsa|bossa nova|samba|tango|flamenco|opera|operetta|musical|symphony|concerto|sonata|waltz|ballad|"
    "power ballad|march|hymn|baroque music|classical music|soundtrack|world music|worldbeat|new-age|avant-garde"
)
ROLES: Final = (
    "(?:professional |amateur |sumo )?wrestler|(?:association |american )?football player|footballer|actor|actress|"
    "singer|songwriter|rapper|model|writer|author|novelist|poet|journalist|politician|lawyer|engineer|architect|"
    "painter|sculptor|photographer|composer|conductor|pianist|film director|director|screenwriter|film producer|"
    "producer|comedian|television presenter|presenter|commentator|color commentator|sportscaster|"
    "boxer|kickboxer|mixed martial artist|cyclist|swimmer|sprinter|hurdler|runner|long-distance runner|marathon runner|"
    "middle-distance runner|race ?walker|high jumper|long jumper|triple jumper|pole vaulter|shot putter|discus thrower|"
    "javelin thrower|hammer thrower|decathlete|heptathlete|triathlete|biathlete|gymnast|judoka|fencer|archer|rower|"
    "canoeist|sailor|golfer|cricketer|basketball player|volleyball player|handball player|water polo player|"
    "baseball player|ice hockey player|rugby (?:union |league )?player|tennis player|badminton player|"
    "table tennis player|chess player|skier|alpine skier|cross-country skier|ski jumper|snowboarder|figure skater|"
    "speed skater|bobsledder|luger|curler|jockey|racing driver|rally driver|surfer|bodybuilder|weightlifter|"
    "powerlifter|diver|athlete|scientist|physicist|chemist|mathematician|biologist|historian|philosopher|economist"
)
FILMS: Final = (
    "(?:(?:science fiction|romantic comedy|comedy[- ]drama|black comedy|martial arts|coming-of-age|road|spy|teen|"
    "action|adventure|animated|biographical|comedy|crime|documentary|drama|fantasy|historical|horror|musical|mystery|"
    "romance|romantic|thriller|war|western|noir|silent|short|superhero|disaster|sports|propaganda|slasher|zombie|"
    "vampire|heist|buddy|family|children's|parody|satirical|pornographic|erotic|anthology|epic|dystopian|"
    "psychological thriller|political thriller|monster|crime thriller|blaxploitation|exploitation) film|"
    "comedy[- ]drama|romantic comedy|black comedy|science fiction|film noir|horror|thriller|western|drama|comedy|"
    "documentary|fantasy|musical|mystery|satire|melodrama|slasher|anime|sitcom|parody|biopic|swashbuckler)"
)
CLUB: Final = (
    r"(?:.*\b)?(?:F\.?C|A\.?F\.?C|C\.?F|S\.?C|United|City|Town|Rovers|Wanderers|Athletic|Albion|County|Hotspur|"
    r"Club|Dynamo|Dinamo|Spartak|Lokomotiv|Sporting|Real|Inter|Olympique|RC|AC|AS|SK|FK|IF|BK|Team)\b"
)
LABEL: Final = r"(?:.*\b)?(?:Records|Recordings|Music|Entertainment|Label|Discos)\b"
STUDIO: Final = (
    r"(?:.*\b)?(?:Pictures?|Studios?|Films?|Entertainment|Productions?|Animations?|Cinema|Media|Television|Bros\.?)\b"
)
AWARD: Final = (
    r"(?:.*\b)?(?:Awards?|Prize|Oscars?|Medal|Trophy|Cup|Globe|Emmy|Grammy|BAFTA|Palme|Bear|Lion|Festival|César|"
    r"Goya|Order|Cross)\b"
)
LEAGUE: Final = (
    r"(?:.*\b)?(?:Leagues?|Liga|Ligue|Lega|Premiership|Bundesliga|Serie|Division|Eredivisie|Allsvenskan|"
    r"Championship|Conference|NBA|NFL|NHL|MLB|MLS|WNBA|AFL|NRL|KHL|Baseball|Superleague|Veikkausliiga|Superliga)\b"
)
COUNTRIES: Final = re.compile(
    r"\b(?:Afghanistan|Albania|Algeria|Andorra|Angola|Argentina|Armenia|Australia|Austria|Azerbaijan|Bahamas|Bahrain|"
    r"Bangladesh|Barbados|Belarus|Belgium|Belize|Benin|Bermuda|Bhutan|Bolivia|Bosnia and Herzegovina|Botswana|Brazil|"
    r"Brunei|Bulgaria|Burkina Faso|Burundi|Cambodia|Cameroon|Canada|Cape Verde|Chad|Chile|China|Colombia|Costa Rica|"
    r"Croatia|Cuba|Cyprus|Czech Republic|Czechoslovakia|Democratic Republic of the Congo|Denmark|Djibouti|"
    r"Dominican Republic|East Germany|West Germany|Ecuador|Egypt|El Salvador|England|Eritrea|Estonia|Eswatini|Ethiopia|"
    r"Fiji|Finland|France|Gabon|Gambia|Georgia|Germany|Ghana|Greece|Grenada|Guatemala|Guinea|Guyana|Haiti|Honduras|"
    r"Hong Kong|Hungary|Iceland|India|Indonesia|Iran|Iraq|Ireland|Israel|Italy|Ivory Coast|Jamaica|Japan|Jordan|"
    r"Kazakhstan|Kenya|Kosovo|Kuwait|Kyrgyzstan|Laos|Latvia|Lebanon|Lesotho|Liberia|Libya|Liechtenstein|Lithuania|"
    r"Luxembourg|Madagascar|Malawi|Malaysia|Maldives|Mali|Malta|Mauritania|Mauritius|Mexico|Moldova|Monaco|Mongolia|"
    r"Montenegro|Morocco|Mozambique|Myanmar|Namibia|Nepal|Netherlands|New Zealand|Nicaragua|Nigeria|Niger|North Korea|"
    r"North Macedonia|Northern Ireland|Norway|Oman|Pakistan|Palestine|Panama|Papua New Guinea|Paraguay|Peru|"
    r"Philippines|Poland|Portugal|Puerto Rico|Qatar|Romania|Russia|Rwanda|Samoa|San Marino|Saudi Arabia|Scotland|"
    r"Senegal|Serbia|Seychelles|Sierra Leone|Singapore|Slovakia|Slovenia|Somalia|South Africa|South Korea|South Sudan|"
    r"Soviet Union|Spain|Sri Lanka|Sudan|Suriname|Sweden|Switzerland|Syria|Taiwan|Tajikistan|Tanzania|Thailand|Togo|"
    r"Tonga|Trinidad and Tobago|Tunisia|Turkey|Turkmenistan|Uganda|Ukraine|United Arab Emirates|United Kingdom|"
    r"United States of America|United States|Uruguay|Uzbekistan|Venezuela|Vietnam|Wales|Yemen|Yugoslavia|Zambia|"
    r"Zimbabwe)\b"
)
