"""For whom the homes and agencies of a synthetic county are, and to which groups its people belong.

Drawn apart from all else, so that these facts came to older counties without disturbing them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matcher.model import Provider
from matcher.synthetic import figures
from matcher.synthetic.chance import Dice
from matcher.synthetic.spec import CountySpec
from matcher.vocabulary import (
    ADULT_AGE,
    DEMENTIA_CARE,
    OLDER_AGE,
    CareType,
    ClientGroup,
    ServiceType,
)

_WORDS = {group.value for group in ClientGroup}


def register_agencies(spec: CountySpec, agencies: Sequence[Provider]) -> tuple[Provider, ...]:
    """Return the agencies, each registered for older people, most for younger adults as well."""
    dice = Dice(spec, "groups of agencies")
    registered = []
    for agency in agencies:
        younger = dice.happens(figures.AGENCIES_FOR_YOUNGER)
        ages = (ClientGroup.OLDER_PEOPLE, *((ClientGroup.YOUNGER_ADULTS,) if younger else ()))
        registered.append(_registered(agency, ages))
    return tuple(registered)


def register_homes(spec: CountySpec, homes: Sequence[Provider]) -> tuple[Provider, ...]:
    """Return the homes with their groups; some that are only residential are for other people."""
    dice = Dice(spec, "groups of homes")
    plain = [i for i, home in enumerate(homes) if _is_plain(home)]
    shares = {True: figures.HOMES_FOR_OTHERS, False: 1 - figures.HOMES_FOR_OTHERS}
    for_others = dict(zip(plain, dice.dealt(shares, len(plain)), strict=True))
    registered = []
    for number, home in enumerate(homes):
        if for_others.get(number):
            registered.append(_for_others(dice, home))
            continue
        more: dict[str, Any] = {"least_age": dice.weighted(figures.LEAST_AGES)}
        if dice.happens(figures.HOMES_FOR_ONE_GENDER):
            more["residents"] = dice.weighted(figures.RESIDENTS)
        registered.append(_registered(home, (ClientGroup.OLDER_PEOPLE,), more))
    return tuple(registered)


def _is_plain(home: Provider) -> bool:
    return set(home.services) <= {ServiceType.RESIDENTIAL, ServiceType.RESPITE}


def _for_others(dice: Dice, home: Provider) -> Provider:
    groups = dice.weighted(figures.GROUPS_OF_OTHER_HOMES)
    younger = ClientGroup.YOUNGER_ADULTS in groups
    most = OLDER_AGE - 1 if younger else None
    changes = {"client_groups": groups, "least_age": ADULT_AGE, "most_age": most}
    return home.model_copy(update={**changes, "specialisms": ()})


def _registered(
    provider: Provider, ages: tuple[ClientGroup, ...], more: Mapping[str, Any] | None = None
) -> Provider:
    """Return a provider registered for ages and for those of its specialisms that are groups."""
    named = {*ages, *(ClientGroup(word) for word in provider.specialisms if word in _WORDS)}
    other = tuple(word for word in provider.specialisms if word not in _WORDS)
    groups = tuple(group for group in ClientGroup if group in named)
    changes = {"client_groups": groups, "specialisms": other, **(more or {})}
    return provider.model_copy(update=changes)


def facts_of_person(dice: Dice, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return a person's groups and age, and the gender of one who needs a bed.

    Parameters
    ----------
    dice
        The stream of these facts alone.
    facts
        What is known of the request: its service, needs and, for a bed, its care type.
    """
    if facts["service_type"] is ServiceType.HOMECARE:
        return _at_home(dice, facts["needs"])
    care_type = facts["placement"].care_type
    gender = dice.weighted(figures.GENDERS)
    other = dice.happens(figures.PEOPLE_OF_OTHER_GROUPS)
    if care_type is CareType.RESIDENTIAL and other:
        groups = dice.weighted(figures.GROUPS_OF_OTHER_PEOPLE)
        age = dice.whole(*figures.YOUNGER_AGES)
        return {"client_groups": groups, "age": age, "gender": gender, "needs": ()}
    dementia = (ClientGroup.DEMENTIA,) if care_type in DEMENTIA_CARE else ()
    groups = (ClientGroup.OLDER_PEOPLE, *dementia)
    return {"client_groups": groups, "age": dice.whole(*figures.OLDER_AGES), "gender": gender}


def _at_home(dice: Dice, needs: Sequence[str]) -> dict[str, Any]:
    older = dice.happens(figures.OLDER_AT_HOME)
    age_group = ClientGroup.OLDER_PEOPLE if older else ClientGroup.YOUNGER_ADULTS
    conditions = (ClientGroup(word) for word in needs if word in _WORDS)
    ages = figures.OLDER_AGES if older else figures.YOUNGER_AGES
    return {"client_groups": (age_group, *conditions), "age": dice.whole(*ages)}
