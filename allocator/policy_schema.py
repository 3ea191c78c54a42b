"""The form of a policy file: what may stand where, and of which type.

``allocator.policy`` reads files into this, checks what the form alone cannot say, and settles it on
a date. Descriptions end up in the JSON Schema and in ``docs/policy-reference.md``.
"""

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Annotated, Literal

from pydantic import Field, WithJsonSchema

from allocator.fields import (
    Day,
    Identifier,
    MoneyText,
    Number,
    Part,
    Points,
    Share,
    Text,
    Texts,
    WebAddress,
    Whole,
    YesNo,
    read_share,
    reader,
)
from allocator.policy_parameter import YES, Cited, Item, Parameter
from allocator.rules import Measure, PairScope, Unknown
from allocator.strict_yaml import Document

MOST_ENTRIES = 200
"""Most entries of one list."""

Conditions = dict[Text, Texts]
"""A group: every line must hold, any of its values will do."""


class Header(Part):
    """What the policy is and who answers for it."""

    id: Identifier = Field(description="Short name of the policy.")
    title: Text = Field(description="What the policy is called.")
    version: Text = Field(description="Changes whenever a value changes.")
    status: Literal["draft", "in force", "example", "historical"] = Field(
        "draft", description="Whether it may be used for real decisions."
    )
    author: Text | None = Field(None, description="The office that answers for it.")
    changed: Day | None = Field(None, description="Day of the last change.")
    note: Text | None = Field(None, description="What a reader should know first.")


class ReferenceEntry(Part):
    """A source that values rest on, or a choice and why it was made."""

    title: Text = Field(description="Title of the document, or the choice in a few words.")
    kind: Literal["source", "choice"] = Field(
        "source", description="`source`: published; `choice`: decided by the office."
    )
    url: WebAddress | None = Field(None, description="Where it can be read.")
    period: Text | None = Field(None, description="The time for which it holds.")
    note: Text | None = Field(None, description="For a choice: why.")


class GroupEntry(Cited):
    """A group of Member States, made of other groups."""

    title: Text | None = Field(None, description="What reasons and tables call it.")
    any_of: Texts = Field((), description="Groups or regions whose members belong to it.")
    but_not: Texts = Field((), description="Groups or regions whose members do not.")
    add: Texts = Field((), description="ISO alpha-3 codes of Member States added by name.")
    remove: Texts = Field((), description="ISO alpha-3 codes of Member States taken out by name.")


class Gate(Item):
    """A rule of eligibility."""

    not_known: Unknown = Field(
        Unknown.INELIGIBLE, description="What follows where the fact is not known."
    )


class GroupRule(Gate):
    """The administration must belong to one of the groups."""

    kind: Literal["country_group"]
    groups: Texts = Field(min_length=1, description="Groups or regions.")


class ListedRule(Gate):
    """The administration must be on the round's list of eligible Member States.

    Where the round names no list, it must belong to one of the groups.
    """

    kind: Literal["listed"]
    groups: Texts = Field((), description="Groups that stand in for a list.")


class FlagRule(Gate):
    """A yes/no column must be as said."""

    kind: Literal["flag"]
    column: Text = Field(description="Column of the applications file.")
    must_be: Parameter[YesNo] = Field(YES, description="The answer that is required.")


class DeadlineRule(Gate):
    """The application must be received by the meeting's deadline."""

    kind: Literal["deadline"]
    days_before: Parameter[Whole] = Field(
        description="Days before the first day of a meeting that names no deadline of its own."
    )


class RegionScopeRule(Gate):
    """Where a meeting is for certain regions, the administration must belong to one of them."""

    kind: Literal["region_scope"]


class NumberRule(Gate):
    """A number must lie between two values."""

    kind: Literal["number"]
    column: Text = Field(description="Column of the applications file.")
    at_least: Parameter[Number] | None = Field(None, description="Least number.")
    at_most: Parameter[Number] | None = Field(None, description="Greatest number.")


class CategoryRule(Gate):
    """A column must hold one of the values."""

    kind: Literal["category"]
    column: Text = Field(description="Column of the applications file.")
    one_of: Texts = Field(min_length=1, description="Values that are accepted.")


SimpleRule = Annotated[
    GroupRule | ListedRule | FlagRule | DeadlineRule | RegionScopeRule | NumberRule | CategoryRule,
    Field(discriminator="kind"),
]


class AnyOfRule(Gate):
    """At least one of the rules must hold."""

    kind: Literal["any_of"]
    rules: tuple[SimpleRule, ...] = Field(min_length=1, description="The alternatives.")


Rule = Annotated[
    GroupRule
    | ListedRule
    | FlagRule
    | DeadlineRule
    | RegionScopeRule
    | NumberRule
    | CategoryRule
    | AnyOfRule,
    Field(discriminator="kind"),
]


class UnitEntry(Cited):
    """How much of a limit each package takes, and the limit."""

    full: Parameter[Whole] = Field(description="Units a full fellowship takes.")
    ticket: Parameter[Whole] = Field(description="Units a ticket alone takes.")
    dsa: Parameter[Whole] = Field(description="Units an allowance alone takes.")
    at_most: Parameter[Whole] = Field(description="The limit, in these units.")


class BoundEntry(Item):
    """A floor or a cap for a group: a share, a number, or an amount of money."""

    group: Conditions = Field(
        description="Whose awards are counted; Member States by name or ISO code."
    )
    of: Conditions = Field({}, description="For a share: of whose awards; if left out, of all.")
    count: Measure = Field(Measure.AWARDS, description="What is counted.")
    share: Parameter[Share] | None = Field(None, description="Share of what is counted.")
    number: Parameter[Whole] | None = Field(None, description="Number of awards or half-units.")
    money: Parameter[MoneyText] | None = Field(
        None, description="Amount in the round's currency; counts money."
    )


class Limits(Part):
    """What no allocation may break."""

    quota: UnitEntry | None = Field(None, description="Per Member State and meeting.")
    ticket_in_pair: Parameter[PairScope] | None = Field(
        None,
        description="Where two partial fellowships of a Member State must include a ticket: at "
        "`all` meetings, those in `geneva`, or `none`.",
    )
    person_year: UnitEntry | None = Field(None, description="Per person and financial year.")
    floors: tuple[BoundEntry, ...] = Field(
        (), max_length=MOST_ENTRIES, description="What a group must get at least."
    )
    caps: tuple[BoundEntry, ...] = Field(
        (), max_length=MOST_ENTRIES, description="What a group may get at most."
    )


_ZERO: Parameter[int] = Parameter(value=0)


class Source(Item):
    """A source of merit points."""

    not_known: Parameter[Points] = Field(_ZERO, description="Points where it is not known.")


class NumberCriterion(Source):
    """Points for each one of a number, up to a most."""

    kind: Literal["number"]
    column: Text = Field(description="Column of the applications file.")
    points_each: Parameter[Points] = Field(description="Points for each.")
    at_most: Parameter[Points] = Field(description="Most points.")


class FlagCriterion(Source):
    """Points where a column says yes."""

    kind: Literal["flag"]
    column: Text = Field(description="Column of the applications file.")
    points_if: Parameter[Points] = Field(description="Points for yes.")


class CategoryCriterion(Source):
    """Points by what a column says."""

    kind: Literal["category"]
    column: Text = Field(description="Column of the applications file.")
    points: dict[Text, Parameter[Points]] = Field(description="Points by value.")
    otherwise: Parameter[Points] = Field(_ZERO, description="Points for any other value.")


class GroupCriterion(Source):
    """Points by the groups the administration belongs to."""

    kind: Literal["country_group"]
    points: dict[Text, Parameter[Points]] = Field(description="Points by group or region.")
    combine: Literal["sum", "highest"] = Field(
        description="Whether several groups add up, or the best one counts."
    )


class DaysCriterion(Source):
    """Points for each day between two dates, up to a most."""

    kind: Literal["days"]
    column: Text = Field(description="Column with the first date.")
    until: Text = Field(
        description="Column with the second date, or `decision_date`, `deadline` or `starts`."
    )
    points_each: Parameter[Points] = Field(description="Points for each day.")
    at_most: Parameter[Points] = Field(description="Most points.")


class PriorCriterion(Source):
    """Points where there was no award lately; fewer for each there was."""

    kind: Literal["prior_awards"]
    whose: Literal["administration", "person"] = Field(description="Whose awards are counted.")
    within_days: Parameter[Whole] = Field(description="Days before the decision looked at.")
    points_if: Parameter[Points] = Field(description="Points where there was none.")
    points_each: Parameter[Points] = Field(description="Points taken off for each, down to 0.")


CriterionEntry = Annotated[
    NumberCriterion
    | FlagCriterion
    | CategoryCriterion
    | GroupCriterion
    | DaysCriterion
    | PriorCriterion,
    Field(discriminator="kind"),
]


class Merit(Part):
    """Where merit points come from; together at most 100."""

    award: Parameter[Points] = Field(description="Points of every eligible application.")
    criteria: tuple[CriterionEntry, ...] = Field(
        (), max_length=MOST_ENTRIES, description="Sources of further points."
    )


class Coverage(Cited):
    """The part of an application's merit that a package carries."""

    full: Parameter[Share] = Field(description="Part carried by a full fellowship.")
    ticket: Parameter[Share] = Field(description="Part carried by a ticket alone.")
    dsa: Parameter[Share] = Field(description="Part carried by an allowance alone.")


PROPORTIONAL = "proportional"


def _target(text: str) -> Fraction | str | None:
    return PROPORTIONAL if text == PROPORTIONAL else read_share(text)


TargetShare = Annotated[
    Fraction | str,
    reader("target", _target),
    WithJsonSchema(
        {"type": ["string", "number"], "description": "share between 0 and 1, or proportional"}
    ),
]


class BalanceEntry(Item):
    """A target share of a group, and what one more award towards it is worth."""

    group: Conditions = Field(
        {}, description="The group, Member States by name or ISO code; instead of `each`."
    )
    each: Text | None = Field(
        None, description="An attribute: a factor for each of its values, in proportion."
    )
    known_by: Text | None = Field(
        None, description="The attribute that must be known for a person to be counted."
    )
    target: Parameter[TargetShare] = Field(
        description="Share of the awards, or `proportional` to the eligible applications."
    )
    count: Measure = Field(Measure.AWARDS, description="What is counted.")
    weight: Parameter[Points] = Field(
        description="Merit points that one more award to the group is worth until the target is "
        "reached (per full award for half-units, per `money_unit` for money)."
    )
    money_unit: MoneyText = Field(
        100_000,
        description="For money: the amount a weight is for.",
        json_schema_extra={"default": "1000.00"},
    )


class Ties(Part):
    """How equally good allocations are settled."""

    seed: Text | None = Field(
        None, description="Published seed of the lottery; the round's own comes first."
    )


class Funds(Part):
    """How funds may pay."""

    share_between_funds: Parameter[YesNo] = Field(
        YES, description="Whether two funds may share an award."
    )


class OwedReports(StrEnum):
    """What follows where an administration owes a report on an earlier award."""

    WARN = "warn"
    REFUSE = "refuse"
    IGNORE = "ignore"


class Reports(Part):
    """What follows where an administration owes reports; the office keeps the account of them."""

    outstanding: Parameter[OwedReports] = Field(
        description="`warn`: the check says so; `refuse`: its applications are declined; `ignore`."
    )
    after_days: Parameter[Whole] | None = Field(
        None, description="Days after a meeting from which on a report is outstanding."
    )


class NotKnown(Part):
    """What is assumed where an application does not say."""

    accepts_partial: Parameter[YesNo] = Field(
        description="Whether a partial fellowship would be accepted."
    )


class PolicyFile(Part):
    """A policy: who may get a fellowship, within which limits, by what merit and balance."""

    policy: Header
    references: dict[Identifier, ReferenceEntry] = Field(
        {}, description="Sources and choices that values rest on, by key."
    )
    region_scheme: Parameter[Identifier] = Field(description="The regions that are meant.")
    country_groups: dict[Identifier, GroupEntry] = Field(
        {}, description="Groups of Member States this policy defines."
    )
    eligibility: tuple[Rule, ...] = Field(
        (), max_length=MOST_ENTRIES, description="Gates; each must be passed."
    )
    limits: Limits = Limits()
    merit: Merit
    coverage: Coverage
    balance: tuple[BalanceEntry, ...] = Field(
        (), max_length=MOST_ENTRIES, description="Balance factors."
    )
    ties: Ties = Ties()
    funds: Funds = Funds()
    reports: Reports | None = Field(
        None, description="Reports on earlier awards; if left out, the settings of the office hold."
    )
    not_known: NotKnown


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy file as understood, with the document it was read from for line numbers."""

    content: PolicyFile
    document: Document

    @property
    def id(self) -> str:
        """Short name of the policy."""
        return self.content.policy.id

    @property
    def title(self) -> str:
        """What the policy is called."""
        return self.content.policy.title
