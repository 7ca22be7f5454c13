"""An example body for every command, by its action: what the OpenAPI document shows."""

from typing import Any

ASK = "01935c5e-7d2a-7c3e-9a51-0c6f2b8e4d10"
PROPOSAL = "01935c5e-9f00-7a10-8b22-5d3c1e7f9a42"

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
    "complaint/assign": {"analyst": "ana.lima", "team": "cards"},
    "complaint/unassign": {"reason": "On leave"},
    "complaint/investigate": {},
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
}
