"""The demo company's own words: customers, owners, what it sells."""

COMPANIES = (
    ("Brightwater Analytics", "brightwater.example", "Boston", "United States"),
    ("Harbour & Finch Ltd", "harbourfinch.example", "Bristol", "United Kingdom"),
    ("Nordlicht Logistik GmbH", "nordlicht.example", "Hamburg", "Germany"),
    ("O'Brien <Marine> Supplies", "obrienmarine.example", "Cork", "Ireland"),
    ("Quartzfield Mining", "quartzfield.example", "Denver", "United States"),
    ("Maison Lavigne", "lavigne.example", "Lyon", "France"),
    ("Pinecrest Schools", "pinecrest.example", "Portland", "United States"),
    ("Bluewren Energy", "bluewren.example", "Austin", "United States"),
    ("Tallgrass Foods", "tallgrass.example", "Omaha", "United States"),
    ("Veldt Robotics", "veldt.example", "Eindhoven", "Netherlands"),
    ("Copper Lantern Media", "copperlantern.example", "Chicago", "United States"),
    ("Isla Verde Hotels", "islaverde.example", "Palma", "Spain"),
    ("Greyhound Freight", "greyhoundfreight.example", "Memphis", "United States"),
    ("Łódź Textile Works", "lodztextile.example", "Łódź", "Poland"),
    ("Silverbirch Clinics", "silverbirch.example", "Leeds", "United Kingdom"),
    ("Anchor Point Insurance", "anchorpoint.example", "Hartford", "United States"),
    ("Redwood Civil", "redwoodcivil.example", "Sacramento", "United States"),
    ("Northgate Retail Group", "northgate.example", "Toronto", "Canada"),
    ("Fernhill Biotech", "fernhill.example", "Cambridge", "United Kingdom"),
    ("Orchard Row Publishing", "orchardrow.example", "New York", "United States"),
    ("Kestrel Aviation", "kestrel.example", "Wichita", "United States"),
    ("Summerfield Dairy", "summerfield.example", "Madison", "United States"),
    ("Lumen & Oak", "lumenoak.example", "Seattle", "United States"),
    ("Waypoint Legal", "waypoint.example", "Atlanta", "United States"),
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
