"""The platform's mails in words: what each kind is, why one was not sent, and what it is about."""

from __future__ import annotations

from services.portal.domain.language import later

KINDS = {
    "invitation": later("Invitation"),
    "password_reset": later("Ny adgangskode"),
    "agreement_requested": later("Anmodning om serviceaftale"),
    "agreement_request_resent": later("Anmodning, sendt igen"),
    "agreement_approved": later("Serviceaftale godkendt"),
    "agreement_partly_approved": later("Serviceaftale delvist godkendt"),
    "agreement_rejected": later("Anmodning afvist"),
    "agreement_withdrawn": later("Anmodning trukket tilbage"),
    "agreement_terminated": later("Serviceaftale opsagt"),
    "trial_opened": later("Prøvetilslutning åbnet"),
    "invoice": later("Faktura"),
}

FAILURES = {
    "no_address": later(
        "Organisationen har ingen postkasse og ingen aktiv bruger med den rette rolle. Tilføj en postkasse, "
        "eller invitér en administrator; så sendes mailen af sig selv."
    ),
    "organisation_unknown": later("Mailsystemet kender ikke organisationen endnu. Der prøves igen af sig selv."),
    "link_expired": later("Linket i mailen er udløbet. Send en ny invitation."),
    "not_written": later("Mailen kunne ikke dannes. Fejlen står i adviseringens log."),
    "server_away": later("Mailserveren svarer ikke. Der prøves igen af sig selv."),
    "refused_for_now": later("Mailserveren tog ikke imod mailen lige nu. Der prøves igen af sig selv."),
    "refused": later("Mailserveren afviste mailen. Se efter, om adressen er rigtig, og prøv så igen."),
}

ABOUT = {
    "invitation": "/helpdesk/personer",
    "password_reset": "/helpdesk/personer",
    "trial_opened": "/helpdesk/proevetilslutninger",
    "invoice": "/helpdesk/fakturaer",
}
"""Where a mail of this kind leads to; all others are about agreements."""
