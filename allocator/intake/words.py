"""The words people write in the cells of an application, by meaning.

They are compared in the form ``folding.word`` gives them: no case, no accents.
"""

# ruff: noqa: RUF001 - the letters of other alphabets are meant

from allocator.intake.folding import word


def _listed(text: str) -> frozenset[str]:
    return frozenset(word(each) for each in text.split(","))


NOT_KNOWN = _listed(
    ", n/a, na, n.a, -, --, –, —, ?, unknown, not known, not available, tbd, tbc, "
    "inconnu, non connu, desconocido, неизвестно, غير معروف, 未知, 不详"
)
"""Blank, or said to be not known."""

TOTAL = _listed(
    "total, totals, grand total, subtotal, sub-total, sum, totaux, total general, somme, totales, "
    "suma, gesamt, summe, итого, всего, المجموع, 合计, 总计"
)
"""What begins a row below the list that adds it up."""

YES = _listed(
    "yes, y, true, t, 1, x, ✓, ✔, ☑, ☒, ✅, on, checked, "
    "oui, o, vrai, si, s, verdadero, да, д, истина, نعم, أجل, صحيح, 是, 是的, 对, 有, 真, "
    "ja, sim"
)
NO = _listed(
    "no, n, false, f, 0, ☐, off, unchecked, "
    "non, faux, falso, нет, н, ложь, لا, كلا, خطأ, 否, 不, 不是, 没有, 无, 假, "
    "nein, nao"
)

FEMALE = _listed(
    "f, female, woman, girl, w, fem, mrs, ms, miss, madam, "
    "femme, feminin, feminine, mme, madame, mlle, mademoiselle, "
    "mujer, femenino, femenina, sra, senora, srta, senorita, "
    "ж, жен, женский, женщина, г-жа, госпожа, أنثى, امرأة, سيدة, السيدة, 女, 女性, 女士, "
    "weiblich, frau, feminino, mulher"
)
MALE = _listed(
    "m, male, man, masc, mr, "
    "h, homme, masculin, masculine, monsieur, "
    "hombre, masculino, varon, sr, senor, "
    "м, муж, мужской, мужчина, г-н, господин, ذكر, رجل, سيد, السيد, 男, 男性, 先生, "
    "mannlich, herr, homem"
)
OTHER = _listed(
    "other, x, non-binary, nonbinary, non binary, diverse, divers, another gender, "
    "autre, non binaire, non-binaire, otro, otra, no binario, другое, другой, آخر, 其他"
)
NOT_STATED = _listed(
    "not stated, not given, undisclosed, not disclosed, prefer not to say, prefer not to answer, "
    "not specified, unspecified, u, blank, none given, "
    "non precise, non indique, ne souhaite pas repondre, "
    "no indicado, no declarado, prefiero no decirlo, не указано, غير محدد, 未说明, 不愿透露"
)

MONTHS = {
    word(name): number
    for number, names in enumerate(
        (
            "jan january janvier janv enero ene январь января янв",
            "feb february fevrier fevr fev febrero февраль февраля фев",
            "mar march mars marzo март марта мар",
            "apr april avril avr abril abr апрель апреля апр",
            "may mai mayo май мая",
            "jun june juin junio июнь июня июн",
            "jul july juillet juil julio июль июля июл",
            "aug august aout agosto ago август августа авг",
            "sep sept september septembre septiembre setiembre сентябрь сентября сен",
            "oct october octobre octubre октябрь октября окт",
            "nov november novembre noviembre ноябрь ноября ноя",
            "dec december decembre diciembre dic декабрь декабря дек",
        ),
        start=1,
    )
    for name in names.split()
}
"""Number of a month by its name in English, French, Spanish and Russian."""

TICKET = _listed(
    "ticket, tickets, airticket, airfare, fare, flight, flights, travel, airline, "
    "billet, vol, voyage, billete, pasaje, vuelo, viaje, билет, авиабилет, 机票, تذكرة"
)
DSA = _listed(
    "dsa, subsistence, perdiem, diem, indemnite, indemnites, dieta, dietas, viatico, viaticos, "
    "суточные, 津贴, بدل"
)
FULL = _listed(
    "full, complete, entire, complet, complete, entiere, completa, completo, полная, 全额"
)
PARTIAL = _listed("partial, part, partiel, partielle, parcial, half, частичная, 部分")
PACKAGE_FILLERS = _listed(
    "fellowship, fellowships, scholarship, support, grant, package, only, and, the, a, one, 1, of, "
    "per, daily, allowance, return, round, trip, economy, class, air, plus, request, requested, "
    "cost, costs, award, x, bourse, beca, d, de, avion, aereo, et, y, seulement, solo, "
    "journaliere, journalieres, стипендия"
)
"""Words beside the ones that matter in a request for a package."""

PACKAGE_WORDS = TICKET | DSA | FULL | PARTIAL | PACKAGE_FILLERS

CURRENCY_NAMES = {
    "sfr": "CHF",
    "swiss franc": "CHF",
    "swiss francs": "CHF",
    "franc suisse": "CHF",
    "francs suisses": "CHF",
    "us$": "USD",
    "usd$": "USD",
    "us dollar": "USD",
    "us dollars": "USD",
    "€": "EUR",
    "euro": "EUR",
    "euros": "EUR",
    "£": "GBP",
    "pound sterling": "GBP",
    "pounds sterling": "GBP",
}
"""Written currencies that mean one code; ``$`` and ``Fr.`` alone could be several."""
