"""Examples of what is sent and of what comes back; a test reads each by its model."""

from typing import Any

DRAFT: dict[str, Any] = {
    "id": "sprawdz-czujke",
    "kind": "tip",
    "title": {"pl": "Sprawdź czujkę czadu", "en": "Check your carbon monoxide alarm"},
    "text": {"pl": "**Zaczyna się sezon grzewczy.** Naciśnij dziś przycisk testu na czujce czadu."},
    "buttons": [{"quiz": "czad-w-domu"}],
    "audience": {"topics": ["everyday"], "districts": [7, 8]},
}
_SUMMARY: dict[str, Any] = {
    "number": 7,
    "kind": "tip",
    "title": "Sprawdź czujkę czadu",
    "state": "in_review",
    "author": "api:Weather desk",
    "approved_by": None,
    "created_at": "2026-12-01T11:00:00Z",
    "updated_at": "2026-12-01T11:02:00Z",
    "next_at": None,
    "rule": None,
    "reason": None,
    "revision": 1,
}
CAMPAIGN: dict[str, Any] = {**_SUMMARY, "content": DRAFT, "window_hours": 24.0}
CAMPAIGNS: dict[str, Any] = {"items": [_SUMMARY], "next_cursor": None}
RUNS: dict[str, Any] = {
    "items": [
        {
            "run": "campaign:7:2026-12-01T16:30Z",
            "state": "finished",
            "reason": None,
            "slot_at": "2026-12-01T16:30:00+00:00",
            "started_at": "2026-12-01T16:30:00+00:00",
            "finished_at": "2026-12-01T16:32:45+00:00",
            "audience": 4112,
            "balance": {"sent": 4060, "blocked": 31, "failed": 2, "opted_out": 19},
            "balances": True,
            "failures": [{"reason": "chat not found", "count": 2}],
            "first_settled_at": "2026-12-01T16:30:01+00:00",
            "last_settled_at": "2026-12-01T16:32:45+00:00",
            "working_s": 164.0,
            "per_second": 24.96,
            "possible_duplicates": 0,
            "presses": [{"button": "0", "label": "Quiz: Czad w domu", "count": 388}],
            "unsubscribed": 6,
            "comparison": None,
        }
    ]
}
PLAN: dict[str, Any] = {
    "area": "everyday",
    "title": {"pl": "Pierwsza pomoc dla rodziców", "en": "First aid for parents"},
    "about": {"pl": "Resuscytacja niemowlęcia i dziecka. Ćwiczysz na fantomie."},
    "place": "Dom Kultury, ul. Przykładowa 1",
    "district": 8,
    "starts_at": "2027-03-06T10:00:00+01:00",
    "ends_at": "2027-03-06T12:00:00+01:00",
    "capacity": 12,
}
WORKSHOP: dict[str, Any] = {
    **PLAN,
    "number": 3,
    "starts_at": "2027-03-06T09:00:00Z",
    "ends_at": "2027-03-06T11:00:00Z",
    "taken": 10,
    "waiting": 3,
    "cancelled_at": None,
    "partner": None,
    "revision": 0,
}
WORKSHOPS: dict[str, Any] = {"items": [WORKSHOP], "next_cursor": None}
RESIDENTS: dict[str, Any] = {
    "counted_at": "2026-12-01T11:00:00Z",
    "total": 1240,
    "by_channel": [{"name": "telegram", "count": 940}, {"name": "web", "count": 300}],
    "by_language": [{"name": "en", "count": 90}, {"name": "pl", "count": 1000}, {"name": "uk", "count": 150}],
    "by_district": [
        {"name": "1", "count": None},
        {"name": "2", "count": None},
        {"name": "8", "count": 208},
        {"name": "unknown", "count": 1020},
    ],
}
ATTEMPTS: dict[str, Any] = {
    "year": 2026,
    "counted_at": "2026-12-01T11:00:00Z",
    "total": 600,
    "areas": [{"name": "road", "count": 280}, {"name": "everyday", "count": 320}],
    "months": [{"name": "01", "count": 310}, {"name": "02", "count": 290}],
    "cells": [[150, 130], [160, 160]],
}
QUIZZES: dict[str, Any] = {
    "items": [
        {
            "id": "czad-w-domu",
            "area": "everyday",
            "title": {"pl": "Czad w domu", "uk": "Чадний газ удома", "en": "Carbon monoxide at home"},
            "audience": ["everyone"],
            "topic": None,
            "questions": 6,
        }
    ]
}
TIPS: dict[str, Any] = {
    "items": [
        {
            "id": "czujka-czadu",
            "area": "everyday",
            "title": {"pl": "Czujka czadu", "uk": "Датчик чадного газу", "en": "A carbon monoxide alarm"},
            "audience": ["everyone"],
            "topic": "fire",
            "questions": None,
        }
    ]
}
