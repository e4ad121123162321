"""What everybody knows: places, institutions, brands and people that say nothing about who asks.

Written down by hand for this package, deliberately short: a name that is missing here is hidden, which costs a
little of the answer; a private name that stood here would leave. Being listed is not a pass either: what ties a
well-known name to the person ("I work at …") outweighs it, see `privacy.context`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

_PLACES: Final = """
afghanistan; albania; algeria; argentina; armenia; australia; austria; azerbaijan; bahrain; bangladesh; belarus;
belgium; bolivia; bosnia; botswana; brazil; britain; great britain; bulgaria; cambodia; cameroon; canada; chad; chile;
china; colombia; congo; costa rica; croatia; cuba; cyprus; czech republic; czechia; denmark; dominican republic;
ecuador; egypt; england; estonia; ethiopia; fiji; finland; france; georgia; germany; ghana; greece; guatemala; haiti;
honduras; hungary; iceland; india; indonesia; iran; iraq; ireland; northern ireland; israel; italy; jamaica; japan;
jordan; kazakhstan; kenya; kuwait; laos; latvia; lebanon; libya; lithuania; luxembourg; malaysia; mali; malta; mexico;
moldova; monaco; mongolia; morocco; mozambique; myanmar; namibia; nepal; netherlands; the netherlands; holland; new
zealand; nicaragua; niger; nigeria; north korea; norway; oman; pakistan; palestine; panama; paraguay; peru;
philippines; poland; portugal; qatar; romania; russia; rwanda; saudi arabia; scotland; senegal; serbia; singapore;
slovakia; slovenia; somalia; south africa; south korea; korea; soviet union; spain; sri lanka; sudan; sweden;
switzerland; syria; taiwan; tanzania; thailand; tunisia; turkey; uganda; ukraine; united arab emirates; uae; united
kingdom; uk; u.k.; united states; united states of america; us; u.s.; usa; u.s.a.; america; uruguay; uzbekistan;
venezuela; vietnam; wales; yemen; zambia; zimbabwe; ussr; africa; antarctica; asia; europe; north america; south
america; latin america; central america; oceania; middle east; the middle east; scandinavia; balkans; caribbean; eu;
european union; alabama; alaska; arizona; arkansas; california; colorado; connecticut; delaware; florida; hawaii;
idaho; illinois; indiana; iowa; kansas; kentucky; louisiana; maine; maryland; massachusetts; michigan; minnesota;
mississippi; missouri; montana; nebraska; nevada; new england; new hampshire; new jersey; new mexico; new york; north
carolina; north dakota; ohio; oklahoma; oregon; pennsylvania; rhode island; south carolina; south dakota; tennessee;
texas; utah; vermont; virginia; washington; west virginia; wisconsin; wyoming; amsterdam; athens; atlanta; baghdad;
bangkok; barcelona; beijing; berlin; boston; brussels; budapest; buenos aires; cairo; chicago; constantinople;
copenhagen; dallas; delhi; new delhi; denver; dubai; dublin; edinburgh; florence; frankfurt; geneva; hamburg;
helsinki; hiroshima; hollywood; hong kong; houston; istanbul; jakarta; jerusalem; johannesburg; kiev; kyiv; kyoto;
lagos; las vegas; lisbon; london; los angeles; madrid; manhattan; manila; mecca; melbourne; mexico city; miami; milan;
montreal; moscow; mumbai; munich; nairobi; naples; new orleans; new york city; nyc; osaka; oslo; oxford; cambridge;
paris; philadelphia; prague; rio de janeiro; rome; san francisco; sao paulo; seattle; seoul; shanghai; silicon valley;
stockholm; sydney; tehran; tel aviv; tokyo; toronto; vancouver; venice; vienna; warsaw; washington d.c.; washington
dc; zurich; alps; amazon; amazon river; andes; appalachian mountains; arctic; arctic ocean; atlantic; atlantic ocean;
pacific; pacific ocean; indian ocean; baltic sea; black sea; dead sea; mediterranean; mediterranean sea; north sea;
red sea; danube; everest; mount everest; mount rainier; himalayas; rocky mountains; grand canyon; great lakes; gulf of
mexico; mississippi river; nile; rhine; sahara; sahara desert; siberia; thames; eiffel tower; wall street; white
house; the white house; great wall; suez canal; panama canal; pearl harbor; earth; mars; venus; jupiter; saturn;
uranus; neptune; pluto; mercury; moon; milky way; sun
"""
_BODIES: Final = """
accenture; adidas; adobe; airbnb; alibaba; alphabet; amazon; amd; american airlines; amnesty international; apple;
at&t; aws; azure; bbc; bmw; boeing; cbs; central intelligence agency; chevrolet; cia; cisco; cnn; coca-cola; congress;
the u.s. congress; dell; deloitte; department of defense; department of justice; disney; ebay; epa; facebook; fbi;
fda; fedex; federal reserve; ferrari; ford; general electric; general motors; goldman sachs; google; harvard; harvard
university; honda; house of commons; house of lords; house of representatives; hp; ibm; ikea; imf; instagram; intel;
international monetary fund; irs; jpmorgan; kgb; lego; lg; linkedin; mastercard; mcdonald's; mercedes; meta;
microsoft; mit; nasa; national park service; nato; nba; netflix; new york times; nfl; nhl; nike; nintendo; nvidia;
openai; oracle; parliament; paypal; pepsi; pfizer; pinterest; porsche; reddit; red cross; reuters; roman catholic
church; sap; samsung; securities and exchange commission; senate; the senate; shell; siemens; snapchat; sony; spacex;
spotify; stanford; stanford university; starbucks; state department; supreme court; the supreme court; u.s. supreme
court; target; telegram; tesla; the beatles; the economist; tiktok; toyota; twitter; uber; un; unesco; unicef; united
nations; usda; visa; volkswagen; volvo; walmart; washington post; who; wikipedia; world bank; world health
organization; wto; yahoo; yale; youtube; whatsapp; zoom; medicare; medicaid; social security; nhs; cdc; oecd; opec;
ussc; nsa; noaa; nih; ucla; democratic party; republican party; labour party; nobel prize; nobel peace prize;
olympics; olympic games; world cup; super bowl; wimbledon; oscar; academy award; grammy; bible; quran; koran; torah;
old testament; new testament
"""
_PEOPLE: Final = """
abraham lincoln; lincoln; adam smith; adolf hitler; hitler; al gore; alan turing; turing; albert einstein; einstein;
alexander fleming; alexander graham bell; alexander hamilton; alexander the great; alfred nobel; anne frank;
aristotle; barack obama; obama; beethoven; ludwig van beethoven; benjamin franklin; bernoulli; beyonce; bill clinton;
bill gates; bohr; niels bohr; boltzmann; brahms; buddha; cantor; celsius; charles darwin; darwin; charles dickens;
dickens; che guevara; chopin; christopher columbus; columbus; churchill; winston churchill; claude monet; monet;
cleopatra; confucius; copernicus; coulomb; curie; marie curie; da vinci; leonardo da vinci; dante; david hume; hume;
descartes; rene descartes; donald trump; trump; doppler; dostoevsky; elizabeth ii; queen elizabeth; queen victoria;
elon musk; elvis presley; epicurus; erikson; euclid; euler; faraday; fermi; fibonacci; florence nightingale; fourier;
franklin d. roosevelt; franklin roosevelt; freud; sigmund freud; friedrich nietzsche; nietzsche; galileo; galileo
galilei; gandhi; mahatma gandhi; gauss; genghis khan; george bush; george h. w. bush; george w. bush; george orwell;
george washington; gorbachev; mikhail gorbachev; goethe; gregor mendel; mendel; harry potter; harry truman; hegel;
heisenberg; hemingway; henry ford; henry kissinger; henry viii; herodotus; hippocrates; hobbes; thomas hobbes; homer;
isaac newton; newton; james madison; jane austen; jefferson; thomas jefferson; jesus; jesus christ; christ; joan of
arc; joe biden; biden; john adams; john f. kennedy; jfk; kennedy; john keynes; keynes; john locke; locke; john stuart
mill; john rawls; joseph stalin; stalin; julius caesar; caesar; jupiter; immanuel kant; kant; karl marx; marx; kepler;
johannes kepler; keynesian; king arthur; kohlberg; laplace; lavoisier; lenin; vladimir lenin; louis pasteur; pasteur;
machiavelli; mao; mao zedong; margaret thatcher; thatcher; mark twain; martin luther; martin luther king; martin
luther king jr.; maslow; maxwell; mendeleev; michelangelo; michael jackson; michael jordan; mohammed; mother teresa;
mozart; muhammad; napoleon; napoleon bonaparte; nelson mandela; mandela; nero; nikola tesla; nixon; richard nixon;
oscar wilde; ovid; pablo picasso; picasso; pascal; pavlov; piaget; jean piaget; pinocchio; planck; plato; poincare;
pythagoras; ronald reagan; reagan; rembrandt; robert hooke; romeo; juliet; rosa parks; rousseau; jean-jacques
rousseau; rutherford; santa claus; satan; schrodinger; shakespeare; william shakespeare; sherlock holmes; skinner;
b.f. skinner; socrates; spinoza; stephen hawking; hawking; steve jobs; steven spielberg; superman; batman; taylor
swift; theodore roosevelt; roosevelt; thomas aquinas; aquinas; thomas edison; edison; tolstoy; leo tolstoy; truman;
van gogh; vincent van gogh; virgil; vladimir putin; putin; voltaire; vygotsky; walt disney; wagner; watt; james watt;
watson; crick; william wordsworth; wittgenstein; woodrow wilson; xi jinping; zeus; apollo; athena; hercules; odysseus;
poseidon; god; allah; krishna; shiva
"""
_THINGS: Final = """
ai; airbus; alexa; alzheimer; android; angular; api; apache; arduino; ascii; autocad; aws lambda; bash; bert; big
bang; bitcoin; black friday; blockchain; bluetooth; bootstrap; c; c#; c++; chatgpt; christmas; chrome; civil war; cold
war; covid; covid-19; css; csv; dalle; discord; django; dna; docker; easter; ebola; elasticsearch; english; ethereum;
excel; faq; fifa; figma; firefox; flask; flutter; french revolution; git; github; gitlab; gmail; go; golang; google
maps; gpt; gpt-3; gpt-4; gps; gpu; graphql; great depression; great recession; halloween; hiv; html; http; https; iot;
ios; ipad; iphone; java; javascript; json; jupyter; kafka; keras; kotlin; kubernetes; latex; linux; llm; mac; macos;
matlab; mathematica; minecraft; mongodb; mysql; neo4j; nginx; nlp; node; node.js; nosql; numpy; oauth; opencv; pandas;
pdf; perl; photoshop; php; pokemon; postgres; postgresql; power bi; powerpoint; powershell; pytorch; python; qgis; r;
raspberry pi; react; redis; renaissance; rest; rna; roblox; ruby; rust; safari; salesforce; sars; scala; scikit-learn;
selenium; seo; siri; slack; snowflake; spark; spring; sql; sqlite; sqs; ssn; stable diffusion; star trek; star wars;
swift; swot; tableau; tensorflow; terraform; thanksgiving; titanic; typescript; ubuntu; ui; unity; unix; usb; ux;
vietnam war; visual studio; vpn; vue; windows; word; wordpress; world war i; world war ii; world war 1; world war 2;
wwi; wwii; first world war; second world war; xml; yaml
"""


def _entries(text: str) -> Iterator[str]:
    return (" ".join(one.split()) for one in text.replace("\n", " ").split(";") if one.strip())


PEOPLE: Final = frozenset(_entries(_PEOPLE))
"""Historical and other very public persons, in lower case; whole names, and surnames that mean one person."""

PUBLIC: Final = PEOPLE | frozenset(_entries(_PLACES)) | frozenset(_entries(_BODIES)) | frozenset(_entries(_THINGS))
"""All of them."""

PLACES: Final = frozenset(_entries(_PLACES))
"""Countries, states, big cities, seas."""


def is_public(name: str) -> bool:
    """Whether `name`, normalised, in any case, with or without "the" and a possessive, is one that everybody knows."""
    key = " ".join(name.casefold().split()).removesuffix("'s").removesuffix("'")
    return key in PUBLIC or key.removeprefix("the ") in PUBLIC
