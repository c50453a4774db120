"""The words for terms, billing cycles and timings that Fincelo understands automatically. Values only.

Words are written as `words_in` gives them: small letters, no accents.
"""

from collections.abc import Mapping

from contracts.enums import BillingCycle, BillingTiming

Phrase = tuple[str, ...]
COUNTED = "one two three four five six seven eight nine ten eleven twelve"


def listed(words: str) -> frozenset[str]:
    return frozenset(words.split())


def phrases(listed: str) -> list[Phrase]:
    """Of a list with commas, each phrase as its words."""
    return [tuple(phrase.split()) for phrase in listed.split(",")]


NUMBERS: Mapping[str, int] = {
    **{word: number for number, word in enumerate(COUNTED.split(), start=1)},
    "fifteen": 15,
    "eighteen": 18,
    "thirty": 30,
    "sixty": 60,
    "ninety": 90,
}
MONTH_WORDS = listed(
    "month months mo mos mth mths monat monate monaten mois mes meses mese mesi maand maanden maned "
    "maneder manad manader"
)
YEAR_WORDS = listed(
    "year years yr yrs annum jahr jahre jahren an ans annee annees ano anos anno anni jaar jaren ar"
)
SHORT_MONTHS, SHORT_YEARS = frozenset({"m"}), frozenset({"y"})
"""Only with a number: alone they may be short for anything."""
WEEK_WORDS = listed(
    "week weeks wk wks weekly woche wochen wochentlich semaine semaines semana semanas fortnight "
    "fortnightly fortnights biweekly semiweekly ugentlig ukentlig"
)
DAY_WORDS = listed("day days daily tag tage tagen taglich jour jours dia dias dag dage dagen dagar")
QUARTER_WORDS = listed("quarter quarters qtr qtrs quartal quartale kwartaal kvartal trimestre")
HALF_YEAR_WORDS = listed("semester halbjahr halvar halfjaar semestre halfyear")

CYCLE_PHRASES: Mapping[BillingCycle, str] = {
    BillingCycle.MONTHLY: (
        "monthly, monatlich, mensuel, mensuelle, mensuellement, mensual, mensualmente, mensile, "
        "mensal, maandelijks, manedlig, manedsvis, manatlig, manadsvis"
    ),
    BillingCycle.QUARTERLY: (
        "quarterly, qtrly, vierteljahrlich, quartalsweise, trimestriel, trimestrielle, trimestral, "
        "trimestrale, kwartaallijks, per kwartaal, kvartalsvis, kvartalsvist"
    ),
    BillingCycle.SEMI_ANNUAL: (
        "semi annual, semi annually, semiannual, semiannually, semi yearly, half yearly, halfyearly, "
        "half annual, half annually, halbjahrlich, semestriel, semestrielle, semestral, semestrale, "
        "halfjaarlijks, halvarlig, halvarsvis"
    ),
    BillingCycle.ANNUAL: (
        "annual, annually, yearly, jahrlich, annuel, annuelle, annuellement, anual, anualmente, "
        "annuale, jaarlijks, arlig, arsvis"
    ),
    BillingCycle.ONE_TIME: (
        "one time, onetime, one off, oneoff, once, once off, single payment, one payment, lump sum, "
        "prepaid in full, paid in full, non recurring, nonrecurring, einmalig, une fois, "
        "paiement unique, pago unico, una vez, una tantum, eenmalig, engangs, engang"
    ),
}
AMBIGUOUS_PHRASES: Mapping[str, str] = {
    "twice a year or every two years": (
        "bi annual, biannual, bi annually, biannually, bi yearly, biyearly, bianual, bisannuel"
    ),
    "twice a month or every two months": "bi monthly, bimonthly",
    "twice a quarter or every two quarters": "bi quarterly, biquarterly",
}
NOT_BILLED_PHRASES = (
    "semi monthly, semimonthly, semi weekly, bi weekly, biennial, biennially, bienal, biennale, "
    "triannual, triannually, tri annual, triennial, bimestrial, bimestral, bimestriel, bimestrielle, "
    "bimensuel, bimensuelle, seasonal, seasonally, periodic, periodically, hourly, usage, "
    "usage based, metered, consumption, pay as you go, payg, milestone, milestones, invoice plan, "
    "billing plan, payment plan, on demand, ad hoc, as needed, as incurred, as used, other, custom, "
    "irregular, variable, time and material, time and materials, upon completion, on completion, "
    "on delivery, upon delivery, on signature, upon signature, per project, per event, per use, "
    "per transaction, every other month, every second month, every other week, every other year, "
    "every second year, sonstige, andere, autre, otro, altro, anders"
)
"""Rhythms that a customer may have agreed to, and that Fincelo does not bill."""
EVENT_WORDS = listed(
    "campaign completion delivery signature signing acceptance milestone project event golive "
    "renewal termination"
)
AROUND_EVENTS = listed("on upon at after of end start")
"""They are read with an event only."""
NO_CYCLE_PHRASES = (
    "none, n a, n / a, na, tbd, tbc, to be determined, to be confirmed, unknown, not applicable"
)
TIMING_PHRASES: Mapping[BillingTiming, str] = {
    BillingTiming.IN_ADVANCE: (
        "in advance, advance, in adv, adv, prepaid, pre paid, prepay, prepayment, paid in advance, "
        "payable in advance, im voraus, voraus, vorschussig, d avance, a l avance, a echoir, "
        "terme a echoir, por adelantado, anticipado, anticipato, anticipada, vooraf, forud, "
        "forskudd, i forskott"
    ),
    BillingTiming.IN_ARREARS: (
        "in arrears, arrears, in arrear, arrear, postpaid, post paid, paid in arrears, "
        "payable in arrears, nachtraglich, nachschussig, im nachhinein, terme echu, a terme echu, "
        "vencido, por vencido, posticipato, achteraf, bagud, etterskudd, i efterskott"
    ),
}
DENIALS = listed(
    "not no non never without w nor neither cannot isn aren don doesn except excluding excl unless instead "
    "previously formerly ex nicht kein keine ohne statt pas ne sans sauf sin salvo senza niet geen zonder "
    "ikke uden inte utan"
)
"""Beside them a timing may be the one that is not meant."""
UPFRONT_PHRASES = "upfront, up front, paid upfront, paid up front, payable upfront"
"""Beside a cycle: in advance. Alone: the whole value at once."""
NAMES_A_CYCLE = (
    listed(
        "month quarter qtr semester year monat quartal halbjahr jahr mois trimestre semestre annee mese "
        "anno maand kwartaal halfjaar jaar kvartal halvar annum halfyear"
    )
    | WEEK_WORDS
    | DAY_WORDS
)
"""Units that are a rhythm also without a number and without "per" before them."""
LEAD_PHRASES = "before, prior, ahead, beforehand, in advance, advance, im voraus, before period, before start"
TIMES = listed(
    "x times time mal fois veces vez keer volte vezes gange payments invoices instalments installments bills"
)
TWICE: Mapping[str, int] = {"once": 1, "twice": 2, "thrice": 3, "zweimal": 2}
BEFORE_A_UNIT = listed(
    "per every each a an the by pro alle jeden jedes jede par tous toutes chaque cada ogni elke elk "
    "hver hvert varje les calendar kalender"
)
FILLERS = listed(
    "billing billed bill invoice invoicing invoiced payment payable paid frequency cycle period "
    "periods basis recurring template schedule"
)
"""They say what the word beside them says already."""
SEPARATORS = frozenset(["/", ",", ";", "(", ")", ":", "|", "[", "]"])
"""What is between them is read on its own and has to say the same."""

CYCLE_WORDS: Mapping[BillingCycle, tuple[str, ...]] = {
    BillingCycle.MONTHLY: (
        "Monthly",
        "Per month",
        "Every month",
        "12x per year",
        "P1M",
        "monatlich",
        "mensuel",
    ),
    BillingCycle.QUARTERLY: (
        "Quarterly",
        "Quarter",
        "Every 3 months",
        "P3M",
        "vierteljährlich",
        "trimestriel",
    ),
    BillingCycle.SEMI_ANNUAL: ("Semi-annual", "Half-yearly", "Every 6 months", "2x per year", "P6M"),
    BillingCycle.ANNUAL: ("Annual", "Yearly", "Per annum", "Every 12 months", "P1Y", "jährlich", "annuel"),
    BillingCycle.ONE_TIME: ("One-time", "One-off", "Once", "Upfront", "Prepaid in full", "einmalig"),
}
"""As the Field Mapping page shows them: some of each."""
AMBIGUOUS_WORDS: Mapping[str, tuple[str, ...]] = {
    "twice a year or every two years": ("Bi-annual", "Biannual", "Bi-yearly"),
    "twice a month or every two months": ("Bi-monthly", "Bimonthly"),
}
