"""Adverts: what of a request providers are told (H7), and what of it is asked for otherwise now."""

from __future__ import annotations

from api.schemas.enquiries import Advert, AdvertVisit
from api.storage.lines import document_of
from api.tables import Document
from matcher.model import CareRequest, Placement


def advert_of(request: CareRequest) -> Advert:
    """Return what providers see of a complete request: no id, no risk, no money, no why (H7)."""
    placement = request.placement or Placement()
    told = set(AdvertVisit.model_fields)
    visits = tuple(
        AdvertVisit.model_validate(visit.model_dump(include=told))
        for visit in request.package.visits
    )
    return Advert.model_validate(
        {
            "service_type": request.service_type,
            "care_type": request.care_type,
            "postcode": request.postcode,
            "client_groups": sorted(request.groups),
            "needs": request.needs,
            "languages": request.languages,
            "carer_gender": request.carer_gender,
            "start_by": request.start_by,
            "visits": visits,
            "nights": placement.nights,
            "admit_from": placement.admit_from,
            "admit_to": placement.admit_to,
        }
    )


def advertised(request: CareRequest) -> Document:
    """Return what providers see of a complete request, as a row keeps it."""
    return document_of(advert_of(request))


def changed_since(advert: Document, request: CareRequest) -> list[str]:
    """Return the names of what is asked for otherwise now than it was once advertised."""
    now = advertised(request)
    names = advert.keys() | now.keys()
    return sorted(name for name in names if advert.get(name) != now.get(name))
