"""The form of ``round.yaml``: what may stand where, and of which type.

``docs/round-reference.md`` documents every key, in the order of this module.
"""

from pydantic import Field

from allocator.fields import Day, Identifier, MoneyText, Number, Part, Text, Texts, Whole

FARE_TABLE = "ec-2023"
"""The fare table of a round that names none."""


class MeetingEntry(Part):
    """One meeting of the round."""

    id: Identifier = Field(description="What the column `meeting` of the applications says.")
    title: Text = Field(description="Its title, for people.")
    study_group: Text | None = Field(None, description="The study group, e.g. SG13.")
    starts: Day = Field(description="First day.")
    ends: Day = Field(description="Last day.")
    city: Text = Field(description="Where it is held; fares are estimated to there.")
    country: Text | None = Field(None, description="Its country, in any usual spelling.")
    dsa_per_day: MoneyText | None = Field(None, description="Daily subsistence allowance.")
    dsa_currency: Text | None = Field(None, description="Currency of `dsa_per_day`.")
    days_paid: Whole | None = Field(None, description="Days of DSA.")
    deadline: Day | None = Field(None, description="Last day on which applications count.")
    region_scope: Texts = Field((), description="Regions whose Member States alone may apply.")
    budget: MoneyText | None = Field(None, description="Most this meeting may cost.")

    @property
    def days(self) -> int:
        """Return how many days it lasts."""
        return (self.ends - self.starts).days + 1

    @property
    def usual_days(self) -> int:
        """Return the days of DSA where none are written: its days and the day of arrival."""
        return self.days + 1


class FundEntry(Part):
    """A budget line."""

    id: Identifier = Field(description="Short name.")
    title: Text = Field(description="Its title, for people.")
    amount: MoneyText = Field(description="What can be spent.")
    only: dict[Text, Texts] = Field({}, description="The applications it may pay for.")


class RateEntry(Part):
    """What one unit of a currency is worth in the round's currency, since a day."""

    currency: Text = Field(description="ISO 4217 code.")
    rate: Number = Field(description="Units of the round's currency for one unit.")
    valid_from: Day = Field(alias="from", description="First day on which it holds.")
    source: Text = Field(description="Who published it.")


class RoundEntry(Part):
    """The facts of one round."""

    id: Identifier = Field(description="Short name of the round.")
    title: Text = Field(description="Its title, for people.")
    currency: Text = Field(description="Currency of every amount, ISO 4217 code.")
    decision_date: Day = Field(description="Day whose rules, facts and rates count.")
    financial_year: Text = Field(description="Year of the limit per person.")
    lottery_seed: Text | None = Field(None, description="Text that settles ties.")
    region_scheme: Identifier | None = Field(None, description="Scheme of regions.")
    fare_table: Identifier = Field(FARE_TABLE, description="Table of fare estimates.")
    policy: Text | None = Field(None, description="The policy.")
    eligible_member_states: Texts | None = Field(None, description="The year's list, if any.")
    meetings: tuple[MeetingEntry, ...] = Field(min_length=1, description="The meetings.")
    funds: tuple[FundEntry, ...] = Field((), description="The budget lines.")
    exchange_rates: tuple[RateEntry, ...] = Field((), description="Dated exchange rates.")
