"""What the sample applications are made of: words for names, and States with a usual fare."""

from typing import NamedTuple

GIVEN_NAMES = (
    *("Basalt", "Beach", "Birch", "Canyon", "Cedar", "Cobalt", "Cove", "Delta", "Dune", "Estuary"),
    *(
        "Fen",
        "Fjord",
        "Flint",
        "Gale",
        "Glacier",
        "Granite",
        "Gravel",
        "Harbour",
        "Indigo",
        "Islet",
    ),
    *("Lagoon", "Larch", "Limestone", "Maple", "Marble", "Mesa", "Mistral", "Monsoon", "Moss"),
    *("Onyx", "Osier", "Pebble", "Pine", "Plateau", "Prairie", "Quartz", "Quill", "Rapids", "Reef"),
    *("Sandstone", "Savanna", "Sequoia", "Shale", "Slate", "Sorrel", "Spruce", "Steppe", "Tarn"),
    *(
        "Teal",
        "Thistle",
        "Timber",
        "Topaz",
        "Tundra",
        "Umber",
        "Vale",
        "Yarrow",
        "Zephyr",
        "Zenith",
    ),
)
FAMILY_NAMES = (
    *("Anchor", "Arbour", "Beacon", "Bellows", "Bridge", "Cable", "Candle", "Carillon", "Chart"),
    *("Clay-Field", "Compass", "Copper", "Cotton", "Dial", "Drum", "Easel", "Fathom", "Ferry"),
    *("Fiddle", "Forge", "Gable", "Gauge", "Hammock", "Haven", "Hazel-Ridge", "Helm", "Hinge"),
    *("Isthmus", "Kettle", "Keystone", "Kite", "Ladder", "Lantern", "Lattice", "Ledger", "Lens"),
    *("Lever", "Loom", "Mallet", "Mast", "Mill-Stream", "Mosaic", "Needle", "Oar", "Orchard"),
    *("Paddle", "Parchment", "Pendulum", "Plough", "Prism", "Pulley", "Quarry", "Rudder", "Saddle"),
    *("Salt-Marsh", "Satchel", "Sextant", "Shuttle", "Sickle", "Spindle", "Sundial", "Tiller"),
    *("Trellis", "Tripod", "Turret", "Viaduct", "Wharf", "Wheel", "Whistle", "Windmill", "Yoke"),
)


class State(NamedTuple):
    """An administration as applicants write it, and a usual return fare to Geneva in francs."""

    name: str
    region: str
    fare: int


_STATES = {
    ("Africa", 820): """
        Angola, Benin, Botswana, Burkina Faso, Burundi, Cabo Verde, Cameroon, Chad, Cote d'Ivoire,
        Eritrea, Ethiopia, Gabon, The Gambia, Ghana, Guinea, Guinea-Bissau, Kenya, Lesotho, Liberia,
        Madagascar, Malawi, Mali, Mozambique, Namibia, Niger, Nigeria, Rwanda,
        Sao Tome and Principe, Senegal, Sierra Leone, South Africa, South Sudan, Swaziland,
        Tanzania, Togo, Uganda, Zambia, ZWE""",
    ("Americas", 1230): """
        Bolivia, Cuba, Dominican Republic, El Salvador, Guatemala, Haiti, Honduras, Jamaica,
        Nicaragua, Paraguay, Saint Lucia, Suriname""",
    ("Arab States", 640): """
        Algeria, Comoros, Djibouti, EGY, Jordan, Lebanon, Mauritania, Morocco, Palestine, Somalia,
        Sudan, Tunisia, Yemen""",
    ("Asia-Pacific", 1390): """
        Bangladesh, Bhutan, Cambodia, FJI, India, Iran, Kiribati, Lao PDR, Maldives, Mongolia,
        Myanmar, Nepal, Pakistan, Papua New Guinea, Philippines, Samoa, Solomon Islands, Sri Lanka,
        Thailand, Timor-Leste, Tonga, Tuvalu, Vanuatu, Viet Nam""",
    ("CIS", 700): "Kyrgyzstan, Tajikistan, Uzbekistan",
    ("Europe", 320): "Albania, Turkey",
}
STATES = tuple(
    State(name.strip(), region, fare)
    for (region, fare), names in _STATES.items()
    for name in names.split(",")
)
