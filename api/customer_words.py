"""What a complaint's events mean to who made it, in that person's words; most of the inside stays inside."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from msgspec import Struct

from domain.complaint import events as e
from domain.fields import Language, Moment
from domain.messages import Event
from infra.events import Recorded

CUSTOMER = "customer"
"""The actor of what somebody does who has the access code."""
CHANNEL = "access_code"

LANGUAGES: dict[str, Language] = {"pt": "pt-BR", "es": "es", "en": "en"}
"""Languages by the first two letters of a language tag; the first is the default."""


class Words(NamedTuple):
    """The same sentence in every language."""

    pt: str
    es: str
    en: str


SHOWN: dict[type[Event], Words] = {
    e.ComplaintRegistered: Words(
        "Recebemos a sua manifestação.", "Recibimos su reclamación.", "We received your complaint."
    ),
    e.ComplaintAcknowledged: Words(
        "Confirmamos o recebimento.", "Confirmamos la recepción.", "We confirmed that we received it."
    ),
    e.InvestigationStarted: Words(
        "Começamos a analisar.", "Empezamos a analizarla.", "We began to look into it."
    ),
    e.CustomerContacted: Words(
        "Entramos em contato.", "Nos pusimos en contacto.", "We got in touch with you."
    ),
    e.CustomerReplied: Words(
        "Recebemos uma resposta sua.", "Recibimos una respuesta suya.", "We received a reply from you."
    ),
    e.InformationRequested: Words("Temos uma pergunta.", "Tenemos una pregunta.", "We have a question."),
    e.HoldingResponseSent: Words(
        "Precisamos de mais tempo.", "Necesitamos más tiempo.", "We need more time."
    ),
    e.WorkaroundOffered: Words(
        "Sugerimos uma solução provisória.",
        "Sugerimos una solución provisional.",
        "We suggested what helps for now.",
    ),
    e.DeadlinePromised: Words("Assumimos um compromisso.", "Asumimos un compromiso.", "We made a promise."),
    e.PromiseFulfilled: Words(
        "Cumprimos um compromisso.", "Cumplimos un compromiso.", "We kept a promise."
    ),
    e.PromiseRescheduled: Words(
        "Mudamos a data de um compromisso.",
        "Cambiamos la fecha de un compromiso.",
        "We moved the date of a promise.",
    ),
    e.ResolutionProposed: Words(
        "Enviamos a nossa resposta.", "Enviamos nuestra respuesta.", "We sent you our answer."
    ),
    e.ProposalWithdrawn: Words(
        "Retiramos a nossa resposta.", "Retiramos nuestra respuesta.", "We withdrew our answer."
    ),
    e.ResolutionAccepted: Words(
        "Você aceitou a resposta.", "Usted aceptó la respuesta.", "You accepted the answer."
    ),
    e.ResolutionRejected: Words(
        "Você não aceitou a resposta.", "Usted no aceptó la respuesta.", "You did not accept the answer."
    ),
    e.CompensationOffered: Words(
        "Oferecemos uma compensação.", "Ofrecimos una compensación.", "We offered compensation."
    ),
    e.CompensationWithdrawn: Words(
        "Retiramos uma compensação.", "Retiramos una compensación.", "We withdrew compensation."
    ),
    e.CompensationAccepted: Words(
        "Você aceitou a compensação.", "Usted aceptó la compensación.", "You accepted the compensation."
    ),
    e.CompensationDeclined: Words(
        "Você recusou a compensação.", "Usted rechazó la compensación.", "You declined the compensation."
    ),
    e.CompensationPaid: Words(
        "A compensação foi paga.", "La compensación fue pagada.", "The compensation was paid."
    ),
    e.CompensationFailed: Words(
        "O pagamento falhou.", "El pago falló.", "The payment failed."
    ),
    e.ComplaintResolved: Words("Resolvemos o caso.", "Resolvimos el caso.", "We resolved the case."),
    e.ComplaintClosed: Words("Encerramos o caso.", "Cerramos el caso.", "We closed the case."),
    e.ComplaintReopened: Words("Reabrimos o caso.", "Reabrimos el caso.", "We reopened the case."),
    e.ComplaintWithdrawn: Words(
        "O caso terminou sem decisão.", "El caso terminó sin decisión.", "The case ended without a decision."
    ),
    e.ComplaintDismissed: Words(
        "Não podemos tratar deste caso.", "No podemos tratar este caso.", "We cannot handle this case."
    ),
    e.ComplaintForwarded: Words(
        "Encaminhamos a outra entidade.", "Remitimos a otra entidad.", "We passed it on to another body."
    ),
    e.DuplicateMarked: Words(
        "Seguimos com outro registro do mesmo caso.",
        "Seguimos con otro registro del mismo caso.",
        "We go on with another record of the same case.",
    ),
    e.HistoryRequested: Words(
        "Recebemos o seu pedido de histórico.",
        "Recibimos su pedido del historial.",
        "We received your request for the history.",
    ),
    e.HistoryDelivered: Words("Enviamos o histórico.", "Enviamos el historial.", "We sent you the history."),
    e.DuplicateUnmarked: Words(
        "Seguimos com este registro.", "Seguimos con este registro.", "We go on with this record."
    ),
}  # fmt: skip

INSIDE: frozenset[type[Event]] = frozenset(
    {
        e.ApprovalGranted, e.ApprovalRefused, e.ApprovalRequested, e.AskCancelled, e.AttachmentAdded,
        e.AuthorityVerified, e.ComplaintAssigned, e.ComplaintClassified, e.ComplaintCorrected,
        e.ComplaintEscalated, e.ComplaintLinked, e.ComplaintUnassigned, e.ComplaintUnlinked,
        e.CustomerRelinked, e.ExposureRecorded, e.ExternalCaseAnswered, e.ExternalCaseDecided,
        e.ExternalCaseOpened, e.FlagCleared, e.FlagRaised, e.KindChanged, e.NoteAdded, e.NotificationFailed,
        e.NotificationSent, e.OriginIdentified, e.PartyAdded, e.PartyRemoved, e.PromiseMissed, e.ReminderDue,
        e.ReminderSet, e.ReplyReviewed, e.SatisfactionRated, e.SectorAnswered, e.SectorConsulted,
        e.SlaApplied, e.SlaBreachCorrected, e.SlaBreached, e.SlaEscalated, e.SlaWarningRaised, e.WorkLogged,
    }
)  # fmt: skip
"""Events of which the status page says nothing."""


class Entry(Struct, frozen=True, kw_only=True):
    """Something that happened: what it means, the text that went with it, and a date that it names."""

    at: Moment
    type: str
    words: str
    text: str | None
    until: Moment | None


def entries(events: Sequence[Recorded[Event]], language: Language) -> list[Entry]:
    """What happened, as it is told to who made the complaint."""
    return [
        Entry(
            at=recorded.occurred_at,
            type=recorded.tag,
            words=_sentence(SHOWN[type(recorded.event)], language),
            text=_text(recorded),
            until=_until(recorded.event),
        )
        for recorded in events
        if type(recorded.event) in SHOWN and _reached(recorded.event)
    ]


def language_of(accept_language: str) -> Language:
    """The first of the wanted languages that there is."""
    wanted = (part.strip()[:2].lower() for part in accept_language.split(","))
    return next((LANGUAGES[tag] for tag in wanted if tag in LANGUAGES), next(iter(LANGUAGES.values())))


def _sentence(words: Words, language: Language) -> str:
    return {"pt-BR": words.pt, "es": words.es, "en": words.en}[language]


def _reached(event: Event) -> bool:
    return not isinstance(event, e.CustomerContacted) or event.outcome in {"reached", "message_left"}


def _text(recorded: Recorded[Event]) -> str | None:  # noqa: C901, PLR0911 - one for each kind of text
    """What was said to the customer, or by whoever has the access code; never what staff said of it."""
    match recorded.event:
        case e.CustomerReplied() as event:
            return event.message if recorded.actor == CUSTOMER else None
        case e.ComplaintAcknowledged() as event:
            return event.message
        case e.InformationRequested() as event:
            return event.question
        case e.HoldingResponseSent() as event:
            return event.reason
        case e.WorkaroundOffered() as event:
            return event.description
        case e.DeadlinePromised() as event:
            return event.what
        case (e.ResolutionProposed() | e.ComplaintResolved()) as event:
            return event.summary
        case (e.CompensationOffered() | e.CompensationPaid()) as event:
            return f"{event.currency} {event.amount}" if event.amount else None
        case e.ComplaintForwarded() as event:
            return event.to
        case _:
            return None


def _until(event: Event) -> datetime | None:
    match event:
        case e.InformationRequested() | e.DeadlinePromised() | e.PromiseRescheduled():
            return event.due_at
        case e.HoldingResponseSent():
            return event.expected_by
        case e.ResolutionProposed():
            return event.reply_by
        case _:
            return None
