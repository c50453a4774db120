"""The demo company's own words: customers, owners, what it sells."""

# Name, domain, street, post code, city, country. One has no address yet, and two are abroad.
COMPANIES = (
    (
        "Brightwater Analytics",
        "brightwater.example",
        "3 Bridge Street",
        "RG1 2AG",
        "Reading",
        "United Kingdom",
    ),
    ("Harbour & Finch Ltd", "harbourfinch.example", "6 Park Road", "BS1 4DJ", "Bristol", "UK"),
    ("Nordlicht Logistik GmbH", "nordlicht.example", "Hafenstraße 12", "20457", "Hamburg", "Germany"),
    (
        "O'Brien <Marine> Supplies",
        "obrienmarine.example",
        "12 Abbey Road",
        "IP1 1DH",
        "Ipswich",
        "United Kingdom",
    ),
    ("Quartzfield Mining", "quartzfield.example", "15 Castle Street", "SN1 5BD", "Swindon", "UK"),
    ("Maison Lavigne", "lavigne.example", "4 rue de la République", "69001", "Lyon", "France"),
    ("Pinecrest Schools", "pinecrest.example", "21 Park Road", "BA5 2RB", "Wells", "UK"),
    ("Bluewren Energy", "bluewren.example", "24 New Street", "CB7 4JU", "Ely", "UK"),
    ("Tallgrass Foods", "tallgrass.example", "", "", "", ""),
    ("Veldt Robotics", "veldt.example", "30 Castle Street", "CA3 8JH", "Carlisle", "UK"),
    (
        "Copper Lantern Media",
        "copperlantern.example",
        "33 Bridge Street",
        "HR1 2PJ",
        "Hereford",
        "United Kingdom",
    ),
    ("Isla Verde Hotels", "islaverde.example", "36 Park Road", "HG4 1DD", "Ripon", "UK"),
    ("Greyhound Freight", "greyhoundfreight.example", "39 New Street", "DH1 3EN", "Durham", "UK"),
    ("Łódź Textile Works", "lodztextile.example", "42 Abbey Road", "PE21 6NF", "Boston", "UK"),
    ("Silverbirch Clinics", "silverbirch.example", "45 Castle Street", "LS1 3AD", "Leeds", "UK"),
    (
        "Anchor Point Insurance",
        "anchorpoint.example",
        "48 Bridge Street",
        "PR1 2AU",
        "Preston",
        "United Kingdom",
    ),
    ("Redwood Civil", "redwoodcivil.example", "51 Park Road", "LU1 2BN", "Luton", "UK"),
    ("Northgate Retail Group", "northgate.example", "54 New Street", "IP1 1DH", "Ipswich", "UK"),
    ("Fernhill Biotech", "fernhill.example", "57 Abbey Road", "CB2 3QJ", "Cambridge", "UK"),
    (
        "Orchard Row Publishing",
        "orchardrow.example",
        "60 Castle Street",
        "LA1 1HT",
        "Lancaster",
        "United Kingdom",
    ),
    ("Kestrel Aviation", "kestrel.example", "63 Bridge Street", "BA5 2RB", "Wells", "UK"),
    ("Summerfield Dairy", "summerfield.example", "66 Park Road", "CB7 4JU", "Ely", "UK"),
    ("Lumen & Oak", "lumenoak.example", "69 New Street", "TR1 2HQ", "Truro", "UK"),
    ("Waypoint Legal", "waypoint.example", "72 Abbey Road", "CA3 8JH", "Carlisle", "UK"),
)
NAMELESS_DOMAIN = "castleton-partners.example"

OWNERS = (
    ("Priya", "Raman", "priya.raman@fincelo.example"),
    ("Tom", "Adeyemi", "tom.adeyemi@fincelo.example"),
    ("Lena", "Vogt", "lena.vogt@fincelo.example"),
    ("Marcus", "Hale", "marcus.hale@fincelo.example"),
)
FORMER_OWNER = ("Ingrid", "Solberg", "ingrid.solberg@fincelo.example")
QUEUE = "Partner desk"

PRODUCTS = ("Platform", "Analytics Seats", "Support Plus", "Data Archive", "Training", "Platform Renewal")

# Amount, currency, term in months, billing frequency.
TERMS = (
    ("24000", "USD", "12", "monthly"),
    ("9600.00", "USD", "12", "quarterly"),
    ("18000", "EUR", "24", "annual"),
    ("7450.50", "GBP", "6", "monthly"),
    ("120000", "USD", "36", "annual"),
    ("3000", "USD", "12", "one_time"),
    ("15999.99", "EUR", "12", "semi_annual"),
    ("1000", "USD", "3", "monthly"),
)
