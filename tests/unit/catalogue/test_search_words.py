import json
from importlib.resources import files

import pytest

from lco.catalogue.search import Query, Results, search
from lco.catalogue.search_terms import read_synonyms, synonyms
from lco.catalogue.search_text import stem, words
from lco.catalogue.snapshot import Snapshot
from lco.domain.vehicle import Rates, Status, Vehicle


def machine(number: int, name: str, **more) -> Vehicle:
    return Vehicle(number, name, "", Status.AVAILABLE, Rates(), **more)


def demo() -> Snapshot:
    entries = json.loads((files("lco.demo") / "catalogue.json").read_text(encoding="utf-8"))
    entries = entries if isinstance(entries, list) else entries["vehicles"]
    return Snapshot(
        tuple(
            machine(
                number,
                entry["name"],
                summary=entry["short_description"],
                **{name: entry[name] for name in ("brand", "model", "category")},
            )
            for number, entry in enumerate(entries, 1)
        )
    )


SHOP = demo()


def look_for(text: str) -> Results:
    return search(SHOP, Query(q=text))


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        (
            "Professional Snow Blower",
            "snow blower, snowblower, snow-blower, snowblowers, Snow Blowers, snowblwer, snow thrower, snow bloer",
        ),
        (
            "Bobcat E35 Mini Excavator",
            (
                "excavator, excavators, excavater, exavator, excavaters, mini-excavator, mini excavators, "
                "miniexcavator, E-35, e35, digger, diggers, diger, backhoe, bobkat, an excavator for the weekend"
            ),
        ),
        (
            "Commercial Zero-Turn Mower",
            (
                "mower, mowers, the mower, lawnmower, lawn mowers, lawn-mower, zero turn, zeroturn, "
                "zero-turn mowers, mowwer"
            ),
        ),
        (
            "Wood Chipper",
            "wood chipper, woodchipper, chippers, wood-chippers, woodchiper, shredder, CHIPPER",
        ),
        (
            "CAT 299D3 Skid Steer",
            "skid steer, skidsteer, skid-steer, skid steers, skid loader, 299 D3, 299d3",
        ),
        (
            "Stump Grinder",
            "stump grinder, stump grinders, stumpgrinder, grinders, stump-grinder, stump grindr",
        ),
        (
            "Pressure Washer",
            "pressure washer, powerwasher, power washer, power-washers, pressurewasher, presure washer",
        ),
        (
            "Professional String Trimmer",
            "string trimmer, weed eater, weedeater, weed eaters, weed whackers, strimmer",
        ),
        (
            "Concrete Mixer",
            "concrete mixer, cement, cement mixer, concrete-mixers, mixer, concreet",
        ),
        (
            "Plate Compactor",
            "plate compactor, plate tamper, tamper, compacter, compactors, plate-tamper",
        ),
        ("Professional Chainsaw", "chainsaw, chain saw, chain-saws, chansaw, power saw, saws"),
        (
            "Commercial Leaf Blower",
            "leaf blower, leafblower, leaf-blowers, BR 800, br800, leaves",
        ),
    ],
)
def test_words_as_people_type_them_find_their_machine_first(name, texts):
    first = {text: [vehicle.name for vehicle in look_for(text).vehicles][:1] for text in texts.split(", ")}
    assert {text: found for text, found in first.items() if found != [name]} == {}


@pytest.mark.parametrize("text", ["tractor", "stihl tractor", "e36", "ab", "qqqq", "%", "...", "299d4"])
def test_other_things_are_not_found_by_resemblance(text):
    results = look_for(text)
    assert (results.corrected, results.total) == ("", 0)


@pytest.mark.parametrize(
    ("text", "instead"),
    [
        ("excavater", "excavator"),
        ("honda snowblwer", "honda snowblower"),
        ("excavator", ""),
        ("mowers", ""),
        ("", ""),
    ],
)
def test_a_mistyped_word_is_corrected_and_the_correction_is_returned(text, instead):
    assert look_for(text).corrected == instead


def test_only_the_usual_order_puts_the_best_match_first():
    assert [v.name for v in search(SHOP, Query(q="mower", sort="name")).vehicles] == [
        "Commercial Zero-Turn Mower",
        "Professional String Trimmer",
    ]
    assert [v.id for v in search(SHOP, Query(q="trimmer mower", sort="name")).vehicles] == [4]


def test_words_that_ask_for_nothing_are_looked_for_when_there_are_no_others():
    shop = Snapshot((machine(1, "The Rental"), machine(2, "Saw")))
    assert [v.id for v in search(shop, Query(q="the rental")).vehicles] == [1]


def test_groups_of_synonyms_come_from_data_and_from_the_setting():
    known = synonyms(("dozer, bulldozer", "sno-go, snow blower"))
    shop = Snapshot((machine(1, "Bulldozer D5"), machine(2, "Snow Blower")))
    found = [[v.id for v in search(shop, Query(q=q), None, known).vehicles] for q in ("dozers", "snogo", "sno-go")]
    assert found == [[1], [2], [2]]
    assert search(shop, Query(q="crawler")).total == 0


def test_comments_and_groups_of_one_are_no_synonyms():
    assert read_synonyms(["# a, b", "", "alone"]) == {"alone": ()}


@pytest.mark.parametrize(
    ("word", "plural"),
    [("mower", "mowers"), ("brush", "brushes"), ("battery", "batteries"), ("box", "boxes"), ("press", "presses")],
)
def test_a_word_and_its_plural_have_one_stem(word, plural):
    assert stem(word) == stem(plural)


@pytest.mark.parametrize("word", ["gas", "bus", "e35s", "grass", "99s"])
def test_endings_that_are_no_plural_stay(word):
    assert stem(word) == word


def test_words_are_without_accents_capitals_and_signs_between_them():
    assert words("Électro-scie, 4.5\xa0kW!") == ("electro", "scie", "4", "5", "kw")
