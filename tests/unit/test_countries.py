"""Reference tables: names resolve or are named as a doubt; facts hold on their day."""

import csv
import re
import time
import unicodedata
from collections import Counter
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocator import countries, naming, tables, travel
from allocator.errors import AllocatorError
from allocator.naming import Kind, resolve

TODAY = date(2026, 11, 24)
EVE = date(2026, 11, 23)
MEMBERS = countries.member_states(TODAY)
REAL_ROUNDS = Path(__file__).parents[3] / "shared" / "data" / "real-rounds"


# Names


@pytest.mark.parametrize(
    ("written", "iso3"),
    [
        ("KEN", "KEN"),
        ("ke", "KEN"),
        ("NA", "NAM"),
        ("NO", "NOR"),
        ("404", "KEN"),
        ("Guinea", "GIN"),
        ("Guinea-Bissau", "GNB"),
        ("Equatorial Guinea", "GNQ"),
        ("Papua New Guinea", "PNG"),
        ("Dominica", "DMA"),
        ("Dominican Republic", "DOM"),
        ("Niger", "NER"),
        ("Nigeria", "NGA"),
        ("Micronesia", "FSM"),
        ("Micronesia (Federated States of)", "FSM"),
        ("Democratic Republic of the Congo", "COD"),
        ("Congo, The Democratic Republic of the", "COD"),
        ("DR Congo", "COD"),
        ("Zaire", "COD"),
        ("Congo (Brazzaville)", "COG"),
        ("Congo, Republic of the", "COG"),
        ("Korea, Republic of", "KOR"),
        ("Rep. of Korea", "KOR"),
        ("South Korea", "KOR"),
        ("DPR Korea", "PRK"),
        ("Dem. People's Rep. of Korea", "PRK"),
        ("Cote d’Ivoire", "CIV"),  # noqa: RUF001 - a curly apostrophe is the case under test
        ("COTE DIVOIRE", "CIV"),
        ("Ivory Coast", "CIV"),
        ("Lao PDR", "LAO"),
        ("Lao Peoples Democratic Republic", "LAO"),
        ("Turkey", "TUR"),
        ("TÜRKİYE", "TUR"),
        ("Swaziland", "SWZ"),
        ("Vietnam", "VNM"),
        ("Viet-Nam", "VNM"),
        ("Holy See", "VAT"),
        ("Vatican City", "VAT"),
        ("St. Kitts & Nevis", "KNA"),
        ("St Vincent and Grenadines", "VCT"),
        ("Gambia, The", "GMB"),
        ("Netherlands (Kingdom of the)", "NLD"),
        ("U.A.E.", "ARE"),
        ("UK", "GBR"),
        ("U S A", "USA"),
        ("SriLanka", "LKA"),
        ("République de Corée", "KOR"),
        ("República Democrática del Congo", "COD"),
        ("Guinea Ecuatorial", "GNQ"),
        ("Guinée", "GIN"),
        ("Россия", "RUS"),
        ("中国", "CHN"),
        ("مصر", "EGY"),
    ],
)
def test_what_people_write_is_understood(written: str, iso3: str) -> None:
    found = resolve(written, TODAY)
    assert (found.kind, found.iso3, found.remark) == (Kind.MEMBER, iso3, "")


@pytest.mark.parametrize(
    ("written", "iso3", "part"),
    [
        ("State of Palestine", "PSE", "Resolution 99"),
        ("Cook Islands", "COK", "not an ITU Member State"),
        ("Niue", "NIU", "not an ITU Member State"),
        ("Kosovo", None, "not an ITU Member State"),
        ("Taiwan", "TWN", "Member State is China"),
        ("Hong Kong SAR", "HKG", "Member State is China"),
        ("Macau", "MAC", "Member State is China"),
        ("European Union", None, "organization"),
        ("European Community", None, "organization"),
        ("Yugoslavia", None, "former"),
        ("Czechoslovakia", None, "former"),
        ("U.S.S.R.", None, "former"),
        ("Bermuda", "BMU", "ISO code"),
    ],
)
def test_a_recognised_name_that_is_no_member_state_says_why(
    written: str, iso3: str | None, part: str
) -> None:
    found = resolve(written, TODAY)
    assert (found.kind, found.iso3) == (Kind.NOT_MEMBER, iso3)
    assert part in found.reason


def test_the_bare_name_congo_is_understood_with_a_remark() -> None:
    for written in ("Congo", "the Congo", "Congo (the)", "CONGO"):
        found = resolve(written, TODAY)
        assert (found.kind, found.iso3) == (Kind.MEMBER, "COG")
        assert "Democratic Republic of the Congo" in found.remark


def test_a_number_that_lost_its_zeros_is_understood_with_a_remark() -> None:
    assert resolve("004", TODAY).remark == ""
    assert resolve("4", TODAY).iso3 == "AFG"
    assert "M49" in resolve("4", TODAY).remark


def test_every_reason_and_remark_of_the_tables_has_its_words() -> None:
    for row in tables.read("not_members"):
        found = resolve(row["name"], TODAY)
        assert found.kind is Kind.NOT_MEMBER and row["name"].split(",")[0] in found.reason
    for row in tables.read("aliases"):
        assert bool(resolve(row["written"], TODAY).remark) == bool(row["remark"])


def test_an_ambiguous_name_lists_its_candidates_and_is_not_guessed() -> None:
    found = resolve("Korea", TODAY)
    assert (found.kind, found.iso3, found.candidates) == (Kind.AMBIGUOUS, None, ("KOR", "PRK"))


@pytest.mark.parametrize(
    ("written", "suggestion"),
    [
        ("Chnia", "China"),
        ("Switzerlnd", "Switzerland"),
        ("Phillipines", "Philippines"),
        ("Nigr", "Niger"),
        ("Ministry of ICT, Kenya", "Kenya"),
        ("Government of Guinea-Bissau", "Guinea-Bissau"),
    ],
)
def test_a_near_miss_is_suggested_never_applied(written: str, suggestion: str) -> None:
    found = resolve(written, TODAY)
    assert (found.kind, found.iso3) == (Kind.UNKNOWN, None)
    assert found.suggestions[0] == suggestion
    assert len(found.suggestions) <= 3


@pytest.mark.parametrize(
    "written", ["", "  ", "N/A", "n.a.", "-", "?", "the", "12.5", "x" * 10_000]
)
def test_what_names_nobody_is_unknown(written: str) -> None:
    found = resolve(written, TODAY)
    assert (found.kind, found.suggestions) == (Kind.UNKNOWN, ())


def test_every_name_of_a_member_state_resolves_to_it() -> None:
    for iso3 in MEMBERS:
        for written in (countries.display_name(iso3), iso3, countries.iso2(iso3)):
            assert resolve(written, TODAY).iso3 == iso3, written
    for row in tables.read("countries"):
        assert resolve(row["m49"], TODAY).iso3 == row["iso3"]


def test_no_two_countries_share_a_name_in_any_language() -> None:
    owner: dict[str, tuple[str, tuple[str, ...]]] = {}
    for name, entry in (*naming.english_names(), *naming._foreign()):
        for key in naming.fold(name):
            assert owner.setdefault(key, (name, entry.codes))[1] == entry.codes, (name, owner[key])


def test_every_alias_resolves_and_none_is_redundant() -> None:
    known = {
        key: entry.codes for name, entry in naming.english_names() for key in naming.fold(name)
    }
    seen: set[str] = set()
    for row in tables.read("aliases"):
        found = resolve(row["written"], TODAY)
        codes = tuple(row["code"].split())
        meant = found.candidates or (found.name,)
        assert meant == (codes if len(codes) > 1 else (countries.display_name(codes[0]),)), row
        keys = naming.fold(row["written"])
        assert row["remark"] or not any(known.get(key) == codes for key in keys), row
        assert row["written"] not in seen
        seen.add(row["written"])


def test_an_alias_never_hides_a_name_or_a_code() -> None:
    known = {
        key: entry.codes for name, entry in naming.english_names() for key in naming.fold(name)
    }
    for row in tables.read("aliases"):
        codes = tuple(row["code"].split())
        for key in naming.fold(row["written"]):
            assert known.get(key, codes) == codes, row


@given(
    name=st.sampled_from([name for name, _ in naming.english_names()]),
    upper=st.booleans(),
    bare=st.booleans(),
    space=st.sampled_from([" ", "  ", "\t", "\u00a0", "\n"]),
)
def test_case_accents_and_space_do_not_matter(
    name: str, upper: bool, bare: bool, space: str
) -> None:
    changed = name.upper() if upper else name.lower()
    if bare:
        split = unicodedata.normalize("NFKD", changed)
        changed = "".join(c for c in split if not unicodedata.combining(c))
    changed = f"{space}{changed.replace(' ', space)} "
    wanted, found = resolve(name, TODAY), resolve(changed, TODAY)
    assert (found.kind, found.iso3, found.name) == (wanted.kind, wanted.iso3, wanted.name)


@given(st.sampled_from(MEMBERS), st.data())
def test_the_order_of_the_words_does_not_matter(iso3: str, data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(countries.display_name(iso3).split()))
    assert resolve(" ".join(shuffled), TODAY).iso3 == iso3


@given(st.text(max_size=200))
def test_any_text_gets_an_answer(written: str) -> None:
    found = resolve(written, TODAY)
    assert (found.kind is Kind.UNKNOWN) == (not found.name and not found.candidates)
    assert isinstance(found.suggestions, tuple)


def test_a_hundred_thousand_names_take_well_under_a_second() -> None:
    names = [name for name, _ in naming.english_names()]
    resolve(names[0], TODAY)
    start = time.perf_counter()
    for i in range(100_000):
        resolve(names[i % len(names)], TODAY)
    assert time.perf_counter() - start < 1


def test_names_printed_in_real_delegate_lists_are_all_recognised() -> None:
    files = sorted(REAL_ROUNDS.glob("*/applications.csv"))
    if not files:
        pytest.skip("the real rounds are not part of the project")
    for file in files:
        with file.open(encoding="utf-8", newline="") as opened:
            names = sorted({row["administration"] for row in csv.DictReader(opened)})
        kinds = {name: resolve(name, TODAY).kind for name in names}
        doubtful = {n: k for n, k in kinds.items() if k not in (Kind.MEMBER, Kind.NOT_MEMBER)}
        assert not doubtful


# Membership, regions, groups


def test_194_member_states_since_palau() -> None:
    assert len(countries.member_states(date(2024, 9, 18))) == 193
    assert len(countries.member_states(date(2024, 9, 19))) == 194
    assert "PSE" not in MEMBERS
    assert "VAT" in MEMBERS


def test_palau_before_its_accession_is_recognised_but_no_member_state() -> None:
    found = resolve("Palau", date(2024, 9, 18))
    assert (found.kind, found.iso3) == (Kind.NOT_MEMBER, "PLW")
    assert "2024-09-19" in found.reason


def test_every_member_state_has_one_bdt_region() -> None:
    counted = Counter(countries.region(iso3, TODAY) for iso3 in MEMBERS)
    assert counted == {
        "Africa": 44,
        "Americas": 35,
        "Arab States": 21,
        "Asia-Pacific": 39,
        "CIS": 9,
        "Europe": 46,
    }
    assert countries.region_names() == tuple(sorted(counted))
    assert countries.schemes() == ("itu-bdt",)


def test_regions_are_dated_and_a_change_of_unknown_day_is_said() -> None:
    assert countries.region("UKR", date(2018, 6, 15)) == "CIS"
    assert countries.region("UKR", TODAY) == "Europe"
    assert _unsettled("UKR", date(2022, 3, 1)) >= {"CIS", "Europe"}
    assert _unsettled("UKR", TODAY) == set()


def test_an_unknown_region_scheme_is_refused_with_the_known_ones() -> None:
    with pytest.raises(AllocatorError, match="itu-bdt") as refused:
        countries.region("KEN", TODAY, "itu-council")
    assert refused.value.code == "countries-unknown-scheme"


def test_kiribati_is_asia_pacific_ldc_and_sids() -> None:
    assert resolve("KI", TODAY).iso3 == "KIR"
    assert countries.region("KIR", TODAY) == "Asia-Pacific"
    assert {"ldc", "sids"} <= set(countries.groups("KIR", TODAY))


def test_namibia_survives_its_iso_code() -> None:
    assert countries.iso2("NAM") == "NA"
    assert countries.region("NAM", TODAY) == "Africa"
    assert countries.groups("NAM", TODAY) == ("lower_middle_income", "member_state")


@pytest.mark.parametrize(
    ("on", "total"),
    [
        (date(2001, 7, 1), 49),
        (date(2014, 7, 1), 48),
        (date(2016, 7, 1), 48),
        (date(2018, 7, 1), 47),
        (date(2021, 7, 1), 46),
        (date(2024, 7, 1), 45),
        (date(2025, 7, 1), 44),
        (EVE, 44),
    ],
)
def test_ldc_totals_are_the_published_ones(on: date, total: int) -> None:
    assert _count("ldc", on) == total


def test_ldc_by_region_on_the_eve() -> None:
    ldcs = [iso3 for iso3 in MEMBERS if "ldc" in countries.groups(iso3, EVE)]
    by_region = Counter(countries.region(iso3, EVE) for iso3 in ldcs)
    assert by_region == {"Africa": 27, "Arab States": 6, "Asia-Pacific": 10, "Americas": 1}


def test_leaving_the_ldcs_takes_effect_on_the_day() -> None:
    assert "ldc" in countries.groups("STP", date(2024, 12, 12))
    assert "ldc" not in countries.groups("STP", date(2024, 12, 13))


def test_status_under_decision_follows_the_last_decision_and_says_so() -> None:
    for iso3 in ("BGD", "LAO", "NPL"):
        assert "ldc" in countries.groups(iso3, EVE)
        assert _unsettled(iso3, EVE) == set()
        assert "ldc" not in countries.groups(iso3, TODAY)
        assert _unsettled(iso3, TODAY) == {"ldc"}
    others = {iso3 for iso3 in MEMBERS if "ldc" in _unsettled(iso3, TODAY)}
    assert others == {"BGD", "LAO", "NPL"}


def test_lldc_and_sids_counts() -> None:
    assert _count("lldc", TODAY) == 32
    assert _count("sids", TODAY) == 37


def test_income_moves_with_the_fiscal_year_and_is_never_guessed() -> None:
    before, after = date(2026, 6, 30), date(2026, 7, 1)
    assert "low_income" in countries.groups("TGO", before)
    assert "lower_middle_income" in countries.groups("TGO", after)
    early = countries.groups("TGO", date(2024, 1, 1))
    assert not set(early) & set(countries.INCOME_GROUPS)
    assert _unsettled("TGO", date(2024, 1, 1)) == set(countries.INCOME_GROUPS)
    assert _unsettled("ETH", before) == set(), "not classified in FY26 is a known fact"
    assert _unsettled("ETH", after) == set(countries.INCOME_GROUPS)


def test_every_group_is_built_in_and_sorted() -> None:
    for iso3 in MEMBERS:
        held = countries.groups(iso3, TODAY)
        assert held == tuple(sorted(set(held)))
        assert set(held) <= set(countries.GROUPS)
        assert "member_state" in held


def _unsettled(iso3: str, on: date) -> set[str]:
    return {each.group for each in countries.unsettled(iso3, on)}


def _count(group: str, on: date) -> int:
    return sum(group in countries.groups(iso3, on) for iso3 in countries.member_states(on))


# Travel


def test_every_member_state_has_an_airport() -> None:
    for iso3 in MEMBERS:
        assert countries.airport(iso3) is not None


def test_every_city_has_an_airport_in_the_tables() -> None:
    for row in tables.read("cities"):
        found = countries.city(row["city"])
        assert found is not None and (found.iso3, found.iata) == (row["iso3"], row["iata"])


@pytest.mark.parametrize("written", ["Geneva", "GENÈVE", "Geneva, Switzerland", "Genève (Suisse)"])
def test_a_city_is_found_as_people_write_it(written: str) -> None:
    found = countries.city(written)
    assert found is not None and (found.name, found.iata) == ("Geneva", "GVA")


@pytest.mark.parametrize("written", ["Geneva, Kenya", "Nowhere", "", ","])
def test_a_city_that_is_not_in_the_tables_is_not_guessed(written: str) -> None:
    assert countries.city(written) is None


def test_distances_to_geneva_are_those_of_the_source() -> None:
    geneva = countries.city("Geneva")
    assert geneva is not None
    expected = {"KEN": 6087, "FRA": 408, "NZL": 18958, "ETH": 5177, "LUX": 377, "CHE": 0}
    for iso3, km in expected.items():
        start = countries.airport(iso3)
        assert start is not None and countries.distance_km(start, geneva) == km


def test_no_distance_is_so_near_a_half_kilometre_that_a_machine_could_turn_it() -> None:
    starts = [travel.airport(iso3) for iso3 in MEMBERS]
    ends = [countries.city(row["city"]) for row in tables.read("cities")]
    for start in starts:
        for end in ends:
            assert start is not None and end is not None
            km = travel.great_circle_km(start, end)
            assert abs(km % 1 - 0.5) > 1e-7


def test_a_fare_is_the_amount_of_its_band_with_its_story() -> None:
    found = countries.fare_estimate("KEN", "Geneva", "ec-2021", date(2022, 1, 1))
    assert found is not None
    assert (found.amount, found.currency, found.km) == (72_000, "EUR", 6087)
    assert found.status == "published"
    assert "6087 km from NBO to GVA" in found.how


def test_a_derived_or_replaced_fare_table_says_so() -> None:
    found = countries.fare_estimate("KEN", "Geneva", "ec-2023", TODAY)
    assert found is not None and found.amount == 90_000
    assert found.status == "unverified"
    assert "not verified" in found.how
    assert "replaced on 2024-07-31" in found.how


def test_a_fare_table_used_before_its_time_says_so() -> None:
    found = countries.fare_estimate("KEN", "Geneva", "ec-2023", date(2022, 1, 1))
    assert found is not None and "came into force on 2023-07-26" in found.how


def test_below_the_shortest_band_there_is_no_estimate() -> None:
    assert countries.fare_estimate("LUX", "Geneva", "ec-2021", TODAY) is None
    assert countries.fare_estimate("CHE", "Geneva", "erasmus", TODAY) is None
    assert countries.fare_estimate("KEN", "Nowhere", "ec-2021", TODAY) is None
    assert countries.fare_estimate("XXX", "Geneva", "ec-2021", TODAY) is None


def test_an_unknown_fare_table_is_refused_with_the_known_ones() -> None:
    with pytest.raises(AllocatorError, match="ec-2021, ec-2023") as refused:
        countries.fare_estimate("KEN", "Geneva", "ec-1999", TODAY)
    assert refused.value.code == "countries-unknown-fare-table"


def test_fare_bands_leave_no_gap_and_rise_with_distance() -> None:
    for table in countries.fare_tables():
        bands = [row for row in tables.read("fares") if row["table"] == table]
        for near, far in pairwise(bands):
            assert int(near["km_to"]) + 1 == int(far["km_from"])
            assert int(near["eur"]) < int(far["eur"])
        assert bands[-1]["km_to"] == ""


def test_dsa_is_estimated_and_labelled() -> None:
    geneva = countries.dsa_estimate("Genève", TODAY)
    assert geneva is not None
    assert (geneva.amount, geneva.currency, geneva.status) == (40_000, "CHF", "assumed")
    old = countries.dsa_estimate("Geneva", date(2010, 1, 1))
    assert old is not None and (old.amount, old.status) == (36_600, "published")
    assert countries.dsa_estimate("Geneva", date(2000, 1, 1)) is None
    assert countries.dsa_estimate("Arusha", TODAY) is None


def test_derived_dsa_is_the_stated_ratio_of_the_assumed_rate() -> None:
    for row in tables.read("dsa"):
        if row["status"] == "derived":
            exact = 400 * int(row["usd_city"]) * 100
            whole = (2 * exact // (100 * int(row["usd_geneva"])) + 1) // 2
            assert row["per_day"] == f"{whole}.00", row["city"]


# The tables themselves


def test_every_row_is_dated_and_sourced() -> None:
    for table in countries.tables():
        for row in tables.read(table.name):
            when = tables.period(row)
            assert row["source"], (table.name, row)
            assert date.fromisoformat(row["checked_on"]) <= TODAY
            assert when.start is None or when.end is None or when.start < when.end, row


def test_undated_tables_carry_no_dates_that_nobody_reads() -> None:
    for name in ("countries", "not_members", "aliases", "airports", "cities"):
        assert all(not row["valid_from"] + row["valid_until"] for row in tables.read(name)), name


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("member_states", ("iso3",)),
        ("regions", ("scheme", "iso3")),
        ("groups", ("group", "iso3")),
        ("income", ("iso3",)),
        ("gateways", ("iso3",)),
        ("dsa", ("city",)),
    ],
)
def test_no_two_rows_speak_of_the_same_fact_on_the_same_day(name: str, key: tuple[str]) -> None:
    last: dict[tuple[str, ...], date | None] = {}
    rows = sorted(tables.read(name), key=lambda row: row["valid_from"])
    for row in rows:
        fact, when = tuple(row[column] for column in key), tables.period(row)
        if fact in last:
            assert last[fact] is not None and when.start is not None, row
            assert last[fact] <= when.start, row
        last[fact] = when.end


def test_codes_in_every_table_are_known() -> None:
    known = {row["iso3"] for row in tables.read("countries")}
    for name in ("member_states", "regions", "groups", "income", "gateways", "cities"):
        assert {row["iso3"] for row in tables.read(name)} <= known, name


def test_the_fingerprint_of_a_table_is_that_of_its_file() -> None:
    found = {table.name: table for table in countries.tables()}
    assert "regions" in found
    assert all(re.fullmatch("[0-9a-f]{64}", table.sha256) for table in found.values())
    assert found["member_states"].rows == 194
    assert found["income"].as_of == date(2026, 11, 23)
