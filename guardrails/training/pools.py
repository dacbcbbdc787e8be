"""The names, streets and towns that fill the templates: Faker's lists (MIT), the US census's surnames, and invented ones."""

import importlib
import pkgutil
import random
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import names
from faker import Faker
from faker.providers import person

HOME: Final = (
    "en",
    "en_US",
    "en_GB",
    "en_IE",
    "en_IN",
    "en_NZ",
    "de_DE",
    "de_AT",
    "de_CH",
    "fr_FR",
    "fr_CH",
    "fr_BE",
    "it_IT",
)
ADDRESSES: Final = (
    "en_US en_GB en_CA en_AU en_IE en_IN de_DE de_AT de_CH fr_FR fr_CH fr_CA it_IT es_ES es_MX pt_PT pt_BR nl_NL nl_BE"
    " da_DK no_NO sv_SE fi_FI et_EE lt_LT lv_LV pl_PL cs_CZ sk_SK hu_HU sl_SI hr_HR ro_RO tr_TR"
).split()
EACH: Final = 1200
_PARTICLES: Final = "von,van,de,de la,del,di,van der,van den,zu,von der,du,da,dos,al-,El ,ter,d',O',Mc,Le ".split(",")


@dataclass(frozen=True, slots=True)
class Pools:
    """What slots are filled with."""

    given: list[str]
    surnames: list[str]
    streets: list[str]
    addresses: list[str]
    cities: list[str]
    companies: list[str]


def pools(rng: random.Random) -> Pools:
    """All pools; those of the three languages weigh more. Takes half a minute."""
    given, surnames = _lists(rng)
    Faker.seed(rng.randrange(2**32))
    streets, addresses, cities, companies = [], [], [], []
    for locale in ADDRESSES:
        fake = Faker(locale)
        for _ in range(EACH * (3 if locale in HOME else 1)):
            streets.append(fake.street_address())
            cities.append(fake.city())
        addresses += [fake.address() for _ in range(EACH)]
        companies += [fake.company() for _ in range(EACH // 3)]
    return Pools(given, surnames, streets, addresses, cities, companies)


def _lists(rng: random.Random) -> tuple[list[str], list[str]]:
    """Given names and surnames of every country that Faker writes in Latin letters, and as many invented surnames."""
    given, surnames = [], []
    for module in pkgutil.iter_modules(person.__path__):
        provider = importlib.import_module(f"{person.__name__}.{module.name}").Provider
        times = 3 if module.name in HOME else 1
        firsts, lasts = _of(provider, "first"), _of(provider, "last")
        given += firsts * times
        for last in (lasts, _invented(lasts, len(lasts) // 3, rng)):
            surnames += last * times
    census = Path(names.FILES["last"]).read_text().splitlines()
    american = [line.split()[0].capitalize() for line in census]
    surnames += american[:15000]
    return given, surnames


def _of(provider: type, which: str) -> list[str]:
    values = (
        getattr(provider, name)
        for name in dir(provider)
        if which in name and "format" not in name and "prefix" not in name
    )
    found = {str(value) for listed in values if isinstance(listed, tuple | list | dict) for value in listed}
    return sorted(value for value in found if 1 < len(value) < 24 and _is_latin(value) and "{" not in value)


def _is_latin(value: str) -> bool:
    return all(char < "\u0250" or "\u1e00" <= char < "\u1f00" or char == "’" for char in value)


def _invented(known: Iterable[str], count: int, rng: random.Random) -> list[str]:
    """Names that sound like the known ones and stand in no list: letters by the three before them."""
    follows: dict[str, list[str]] = defaultdict(list)
    for name in known:
        padded = f"^^^{name}$"
        for at in range(3, len(padded)):
            follows[padded[at - 3 : at]].append(padded[at])
    made = []
    for _ in range(count if follows else 0):
        name = "^^^"
        while len(name) < 20 and (letter := rng.choice(follows[name[-3:]])) != "$":
            name += letter
        made.append(name[3:])
    return [name for name in made if len(name) > 2]


def person_of(pool: Pools, rng: random.Random) -> str:
    """A full name in one of the forms in which people are written."""
    first, other, last = rng.choice(pool.given), rng.choice(pool.given), surname(pool, rng)
    initial = rng.choice("ABCDEFGHJKLMNPRSTW") + rng.choice((".", ".", ""))
    forms = {
        f"{first} {last}": 62,
        f"{first} {initial} {last}": 8,
        f"{first} {other} {last}": 6,
        f"{first}-{other} {last}": 5,
        f"{first} {last}-{surname(pool, rng)}": 5,
        f"{last}, {first}": 4,
        f"{first[0]}. {last}": 4,
        f"{first} {last} {rng.choice(pool.surnames)}": 3,
        f"{last} {first}": 3,
    }
    return rng.choices(list(forms), list(forms.values()))[0]


def surname(pool: Pools, rng: random.Random) -> str:
    """A surname, now and then with a particle."""
    last = rng.choice(pool.surnames)
    if rng.random() > 0.06:
        return last
    particle = rng.choice(_PARTICLES)
    return particle + ("" if particle[-1] in "'- c" else " ") + last


def company(pool: Pools, rng: random.Random) -> str:
    """A company; half of them are called after somebody, which does not make them people."""
    if rng.random() < 0.5:
        return rng.choice(pool.companies)
    forms = "{} AG,{} GmbH,{} & Co. KG,{} SA,{} Sàrl,{} Ltd.,{} Inc.,{} & {},{} Group,{} Treuhand AG,Garage {},Bäckerei {},{} & Söhne,{} et Fils,{}bank,{} Consulting"
    return rng.choice(forms.split(",")).format(rng.choice(pool.surnames), rng.choice(pool.surnames))


_STEMS: Final = (
    "Bahnhof,Haupt,Garten,Linden,Dorf,Schul,Berg,Wald,See,Mühle,Kirch,Birken,Rosen,Goethe,Schiller,Mozart,Bach,Industrie"
    ",Friedhof,Markt,Ring,Wiesen,Sonnen,Post,Burg,Feld,Hof,Brunnen,Kastanien,Zürcher,Berner,Basler,Luzerner,Wiener,Aar"
    ",Rhein,Limmat,Seefeld,Langstrass,Frieden,Eichen,Buchen,Ahorn,Acker,Reben,Weinberg,Kreuz,Kloster,Spital,Schloss"
).split(",")
_ENDS: Final = (
    "strasse straße str. weg gasse platz allee ring ufer damm rain halde matte steig stieg zeile promenade".split()
)
_NEAR: Final = "Am Alten Markt,Im Grund,An der Burg,Zur Linde,Unter den Linden,Auf der Höhe,Am Bach,Im Feld,Hinter der Kirche,In der Au".split(
    ","
)
_WAYS: Final = (
    "rue,avenue,av.,boulevard,bd,chemin,ch.,place,quai,impasse,allée,route,rte,ruelle,passage,cours,square,via,viale,piazza"
).split(",")
_OF: Final = (
    "de la Gare,du Lac,de Lausanne,des Alpes,de la République,Victor-Hugo,du Rhône,de Carouge,Jean-Jaurès,des Lilas,du Marché"
    ",Saint-Michel,de l'Église,des Acacias,du Général-Guisan,de Berne,Pasteur,du Moulin,des Tilleuls,Neuve,de Bourg"
).split(",")
_HOUSES: Final = "{n},{n}{l},{n} {l},{n}/{m},{n}-{o},{n} bis,{n}/{m}/{o}".split(",")


_ABROAD: Final = (
    "gata vägen veien gade vej katu tie utca út ulica ulice gatan laan straat weg dreef lei sokak caddesi strada calle"
).split()
_INSIDE: Final = " Apt. {}; Suite {};, Apt. {}; #{};, Flat {};, {}. Stock; Top {};, appt {};, étage {}".split(";")


def street(pool: Pools, rng: random.Random) -> str:
    """A street with its number, as written in one of the countries, with what stands around it in letters."""
    makers = (_faked, _german, _french, _foreign, _box)
    found = rng.choices(makers, (45, 23, 18, 7, 7))[0](pool, rng)
    if rng.random() < 0.10:
        found += rng.choice(_INSIDE).format(rng.randrange(1, 990))
    if rng.random() < 0.06:
        found = f"{rng.randrange(1, 9999)} {found}"
    return found if rng.random() < 0.75 else found.replace("\n", rng.choice((", ", " ")))


def _french(pool: Pools, rng: random.Random) -> str:
    named = (rng.choice(pool.surnames), f"{rng.choice(pool.given)}-{rng.choice(pool.surnames)}")
    way, of = rng.choice(_WAYS), rng.choice((*_OF, *named))
    way = way.capitalize() if rng.random() < 0.3 else way
    return rng.choice((f"{_house(rng)} {way} {of}", f"{_house(rng)}, {way} {of}", f"{way} {of} {_house(rng)}"))


def _foreign(pool: Pools, rng: random.Random) -> str:
    name, ending, house = rng.choice((*pool.surnames[:400], *_STEMS)), rng.choice(_ABROAD), _house(rng)
    return rng.choice((f"{name}{ending} {house}", f"{name} {ending} {house}", f"{ending.capitalize()} {name} {house}"))


def _box(pool: Pools, rng: random.Random) -> str:
    """Post boxes, and the addresses of American soldiers as Faker writes them."""
    one, other, code = (
        rng.randrange(1, 9999),
        rng.randrange(1, 9999),
        f"A{rng.choice('AEP')} {rng.randrange(10000, 99999)}",
    )
    ship = f"US{rng.choice(('NS', 'NV', 'S', 'CGC'))} {rng.choice(pool.surnames)}\nFPO {code}"
    boxes = (f"P.O. Box {one}", f"Postfach {one}", f"case postale {one}")
    return rng.choice((*boxes, f"PSC {one}, Box {other}\nAPO {code}", f"Unit {one} Box {other}\nDPO {code}", ship))


def _faked(pool: Pools, rng: random.Random) -> str:
    return rng.choice(pool.streets)


def _german(pool: Pools, rng: random.Random) -> str:
    return f"{_german_street(pool, rng)} {_house(rng)}"


def _german_street(pool: Pools, rng: random.Random) -> str:
    if rng.random() < 0.1:
        return rng.choice(_NEAR)
    stem, end = rng.choice((*_STEMS, rng.choice(pool.surnames), rng.choice(pool.cities))), rng.choice(_ENDS)
    if stem.endswith("er") or " " in stem or rng.random() < 0.1:
        return f"{stem}{rng.choice('- ')}{end.capitalize()}".replace("- ", "-")
    return stem + end


def _house(rng: random.Random) -> str:
    number = rng.randrange(1, 60) if rng.random() < 0.7 else rng.randrange(1, 2500)
    form = rng.choice(_HOUSES) if rng.random() < 0.2 else "{n}"
    return form.format(n=number, l=rng.choice("abcdAB"), m=rng.randrange(1, 20), o=number + 2)


def address(pool: Pools, rng: random.Random) -> str:
    """A whole address: street, postcode, town, now and then a country."""
    if rng.random() < 0.3:
        found = rng.choice(pool.addresses)
        return found if rng.random() < 0.6 else found.replace("\n", ", ")
    code = rng.choice(("{}", "CH-{}", "D-{}", "A-{}", "F-{}")) if rng.random() < 0.15 else "{}"
    code = code.format(rng.randrange(1000, 9999) if rng.random() < 0.5 else f"{rng.randrange(1000, 99999):05}")
    city = rng.choice(pool.cities)
    city = city.upper() if rng.random() < 0.1 else city
    town = (
        f"{city}, {rng.choice('AL AK CA NY TX ON QC BC FL WA IL'.split())} {code}"
        if rng.random() < 0.25
        else f"{code} {city}"
    )
    return street(pool, rng) + rng.choice((", ", "\n", " ", ", ", "\n    ")) + town
