"""An example of every request: what the OpenAPI document shows."""

from typing import Any

ASK = "01935c5e-7d2a-7c3e-9a51-0c6f2b8e4d10"
PROPOSAL = "01935c5e-9f00-7a10-8b22-5d3c1e7f9a42"
COMPLAINT = "01935c5e-1a00-7b2e-9c33-6f1d2a8b0c77"
CUSTOMER = "01935c5e-2b11-7c3f-8d44-7a2e3b9c1d88"
PARTY = "01935c5e-3c22-7d40-9e55-8b3f4cad2e99"
PROMISE = "01935c5e-4d33-7e51-8f66-9c405dbe3faa"
COMPENSATION = "01935c5e-5e44-7f62-9077-ad516ecf40bb"
CASE = "01935c5e-6f55-7073-8188-be627fd051cc"
APPROVAL = "01935c5e-7066-7184-9299-cf7380e162dd"
DIGEST = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

CALENDAR = {
    "name": "Brazil",
    "zone": "America/Sao_Paulo",
    "windows": {day: [["09:00", "12:00"], ["13:00", "18:00"]] for day in ("mon", "tue", "wed", "thu", "fri")},
    "holidays": {"country": "BR", "subdivision": "SP"},
    "extra_holidays": ["2026-12-24"],
    "exceptions": {"2026-12-31": [["09:00", "12:00"]]},
}
POLICY = {
    "name": "Cards",
    "layer": "internal",
    "order": 10,
    "calendar": "Brazil",
    "match": {"kind": "complaint", "product": "credit-card"},
    "targets": [
        {
            "name": "first response",
            "counts_from": "received_at",
            "stops": "first_response",
            "length": {"amount": 8, "unit": "business_hours"},
            "roll_start": "next_opening",
            "warn_at": [0.5, 0.8],
        },
        {
            "name": "final response",
            "stops": "final_response",
            "length": {"amount": 10, "unit": "business_days"},
            "pauses_in": ["awaiting_customer"],
            "escalations": [
                {
                    "level": 1,
                    "when": "before",
                    "offset": {"amount": 1, "unit": "calendar_days"},
                    "tell": ["head of cards"],
                }
            ],
        },
    ],
}
_DECIDING: dict[str, dict[str, Any]] = {
    "activate": {"version": 1},
    "approve": {"approval_id": APPROVAL, "reason": "As agreed with the operation"},
    "refuse": {"approval_id": APPROVAL, "reason": "Eight hours cannot be kept in December"},
    "retire": {"reason": "Replaced by the policy of the new contract"},
}


def _unnamed(document: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name != "name"}


# Commands, by their actions.
REQUESTS: dict[str, dict[str, Any]] = {
    "complaint/register": {
        "subject": "Cobrança em duplicidade",
        "description": "A fatura de outubro foi cobrada duas vezes no meu cartão.",
        "channel": "phone",
        "contact": {"name": "Maria Souza", "email": "maria@example.com"},
        "product": "credit-card",
        "category": "billing",
        "severity": "medium",
        "subject_refs": [{"type": "invoice", "value": "2026-10/4471"}],
    },
    "complaint/acknowledge": {
        "channel": "email",
        "automatic": False,
        "message": "Recebemos a sua reclamação.",
    },
    "complaint/classify": {"category": "billing", "severity": "high", "tags": ["duplicate-charge"]},
    "complaint/change-kind": {"kind": "request", "reason": "Asks for a copy of the contract"},
    "complaint/correct": {
        "reason": "The letter was stamped the day before",
        "received_at": "2026-10-12T09:30:00Z",
        "remove": ["forwarded_from"],
    },
    "complaint/relink-customer": {"customer_id": CUSTOMER, "reason": "Another customer of the same name"},
    "complaint/add-party": {
        "role": "lawyer",
        "contact": {"name": "Dra. Helena Prado", "email": "helena@example.com"},
    },
    "complaint/remove-party": {"party_id": PARTY, "reason": "No longer represents the customer"},
    "complaint/verify-authority": {"party_id": PARTY, "evidence": "Power of attorney of 3 October"},
    "complaint/assign": {"analyst": "ana.lima", "team": "cards"},
    "complaint/unassign": {"reason": "On leave"},
    "complaint/investigate": {},
    "complaint/escalate": {"level": 2, "to": "board", "reason": "A second month without a refund"},
    "complaint/identify-origin": {
        "sector": "billing",
        "cause": "gateway-retry",
        "explanation": "The gateway repeated a charge after a time-out.",
        "product": "credit-card",
    },
    "complaint/raise-flag": {"flag": "regulator", "reason": "Announced a complaint to the central bank"},
    "complaint/clear-flag": {"flag": "regulator", "reason": "It was settled before"},
    "complaint/request-history": {"channel": "phone"},
    "complaint/record-notification-sent": {
        "notification_id": "20261012.4471@mail.example.com",
        "about_version": 1,
        "channel": "email",
    },
    "complaint/record-notification-failed": {
        "notification_id": "20261012.4471@mail.example.com",
        "about_version": 1,
        "channel": "email",
        "reason": "550 5.1.1 No such mailbox",
    },
    "complaint/deliver-history": {"channel": "email"},
    "complaint/attach": {
        "name": "fatura.pdf",
        "media_type": "application/pdf",
        "size": 48213,
        "sha256": DIGEST,
    },
    "complaint/log-work": {
        "minutes": 25,
        "activity": "analysis",
        "cost": "31.25",
        "currency": "BRL",
    },
    "complaint/set-reminder": {"at": "2027-01-15T12:00:00Z", "text": "Ask billing again"},
    "complaint/record-exposure": {
        "network": "reclame_aqui",
        "url": "https://example.com/post/4471",
        "shares": 37,
    },
    "complaint/rate": {"csat": 4, "nps": 9, "comment": "Resolveram rápido."},
    "complaint/send-holding-response": {
        "reason": "Aguardamos a confirmação do banco.",
        "expected_by": "2027-01-20T12:00:00Z",
        "channel": "email",
    },
    "complaint/offer-workaround": {"description": "Pague somente a primeira cobrança."},
    "complaint/promise": {"what": "Estorno na próxima fatura", "due_at": "2027-01-20T12:00:00Z"},
    "complaint/fulfil-promise": {"promise_id": PROMISE},
    "complaint/reschedule-promise": {
        "promise_id": PROMISE,
        "due_at": "2027-01-25T12:00:00Z",
        "reason": "A holiday in between",
    },
    "complaint/offer-compensation": {"kind": "refund", "amount": "149.90", "currency": "BRL"},
    "complaint/withdraw-compensation": {"compensation_id": COMPENSATION, "reason": "Refunded by the shop"},
    "complaint/accept-compensation": {"compensation_id": COMPENSATION, "channel": "email"},
    "complaint/decline-compensation": {
        "compensation_id": COMPENSATION,
        "channel": "phone",
        "reason": "O valor está incorreto.",
    },
    "complaint/pay-compensation": {"compensation_id": COMPENSATION, "reference": "pix-77120"},
    "complaint/fail-compensation": {"compensation_id": COMPENSATION, "reason": "The account is closed"},
    "complaint/open-external-case": {
        "body": "procon",
        "reference": "SP-2026-118204",
        "due_at": "2027-01-12T23:59:59Z",
    },
    "complaint/answer-external-case": {"case_id": CASE, "answer": "A cobrança foi estornada."},
    "complaint/decide-external-case": {"case_id": CASE, "outcome": "settled", "rating": 7},
    "complaint/contact-customer": {
        "channel": "phone",
        "summary": "Explained the next steps",
        "outcome": "reached",
    },
    "complaint/record-reply": {"channel": "email", "message": "Segue o comprovante."},
    "complaint/review-reply": {"finding": "Nothing new in the reply."},
    "complaint/request-information": {"question": "Pode enviar o comprovante?"},
    "complaint/consult-sector": {"sector": "billing", "question": "Was invoice 4471 charged twice?"},
    "complaint/record-sector-answer": {"ask_id": ASK, "answer": "Yes, by a retry of the gateway."},
    "complaint/cancel-ask": {"ask_id": ASK, "reason": "No longer needed"},
    "complaint/propose-resolution": {
        "outcome": "upheld",
        "summary": "A cobrança em duplicidade será estornada.",
        "channel": "email",
        "redress": {"kind": "refund", "amount": "149.90", "currency": "BRL"},
    },
    "complaint/withdraw-proposal": {"reason": "The amount was wrong"},
    "complaint/accept-resolution": {"channel": "email", "scope": "full"},
    "complaint/reject-resolution": {"channel": "phone", "reason": "O valor está incorreto."},
    "complaint/resolve": {
        "outcome": "upheld",
        "summary": "Refunded on the phone",
        "basis": "accepted_on_contact",
    },
    "complaint/close": {"reason": "accepted"},
    "complaint/reopen": {"reason": "The refund did not arrive"},
    "complaint/withdraw": {"by": "customer", "reason": "Solved by the shop"},
    "complaint/dismiss": {"ground": "not_ours", "reason": "A shop of a similar name"},
    "complaint/forward": {"to": "Loja Exemplo", "scope": "part"},
    "complaint/mark-duplicate": {"of": COMPLAINT},
    "complaint/unmark-duplicate": {"reason": "Two different invoices"},
    "complaint/link": {"to": COMPLAINT, "relation": "related"},
    "complaint/unlink": {"to": COMPLAINT, "relation": "related"},
    "complaint/approve": {"approval_id": APPROVAL, "reason": "The shop confirmed it"},
    "complaint/refuse": {"approval_id": APPROVAL, "reason": "It is our shop"},
    "complaint/add-note": {"text": "Gateway incident of 12 October, see the status page."},
    "customer/register": {
        "name": "Maria Souza",
        "email": "maria@example.com",
        "tier": "standard",
        "language": "pt-BR",
    },
    "customer/change-contact": {"phone": "+55 11 99999-0000", "remove": ["email"]},
    "customer/change-tier": {"tier": "advanced", "reason": "New contract"},
    "customer/set-preferences": {
        "channels": ["email"],
        "quiet_hours": {"from": "21:00", "to": "08:00", "zone": "America/Sao_Paulo"},
    },
    "team/register": {"name": "cards", "provider": "third_party", "provider_name": "Central Exemplo"},
    "team/change-provider": {"provider": "in_house", "reason": "The contract ended"},
    "team/dissolve": {"reason": "Merged into payments"},
    "analyst/register": {"subject": "ana.lima", "team": "cards"},
    "analyst/change-team": {"team": "payments", "reason": "Back from training"},
    "analyst/leave": {"reason": "Retired"},
    "webhook/create": {
        "url": "https://crm.example.com/hooks/ouvidoria",
        "types": ["complaint-registered", "complaint-resolved"],
        "payload": "full",
        "description": "CRM",
    },
    "webhook/change": {"types": [], "payload": "thin", "remove": ["description"]},
    "webhook/pause": {"reason": "The CRM is being moved"},
    "webhook/resume": {},
    "webhook/delete": {"reason": "The CRM was replaced"},
    "webhook/rotate-secret": {"overlap_hours": 48},
    "webhook/retire-secret": {},
    "webhook/replay": {"from_position": 1, "reason": "The CRM lost a day"},
    "webhook/resume-parked": {"stream_id": COMPLAINT},
    "webhook/skip": {"position": 4711, "reason": "The CRM cannot read it"},
}

REQUESTS |= {
    "sla-policy/define": POLICY,
    "sla-policy/revise": _unnamed(POLICY),
    "sla-calendar/define": CALENDAR,
    "sla-calendar/revise": _unnamed(CALENDAR),
    **{f"{kind}/{verb}": body for kind in ("sla-policy", "sla-calendar") for verb, body in _DECIDING.items()},
}

# Other requests, by the names of their operations.
OTHERS: dict[str, dict[str, Any]] = {
    "sla-preset-install": {},
    "sla-preview": {
        "received_at": "2026-12-18T23:50:00-03:00",
        "facts": {"kind": "complaint", "tier": "advanced", "product": "credit-card"},
    },
    "complaint-batch": {
        "command": "record-reply",
        "id": COMPLAINT,
        "body": {"channel": "email", "message": "Segue o comprovante."},
    },
    "complaint-bulk": {"command": "assign", "ids": [COMPLAINT], "body": {"team": "cards"}},
    "view-rebuild": {"compare": True},
    "sla-simulate": {"policy": POLICY, "decided_from": "2026-01-01", "decided_to": "2026-07-01"},
    "status-reply": {"message": "Segue o comprovante."},
}
