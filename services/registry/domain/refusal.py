"""Why a certificate or a pasted serial number was not taken: a class and a stable code per reason."""

from __future__ import annotations

from shared.problem import Conflict, Invalid
from shared.problem import TooLarge as TooLargeProblem


class CertificateRefused(Invalid):
    """A certificate that is not taken. `code` is stable and for programs; `message` is a sentence for people.

    The message says what is wrong and what to do, never repeats key material and never a person's name.
    """

    code: str = "certificate.refused"

    def __init__(self, message: str) -> None:
        super().__init__(type(self).code, message)
        self.message = message


class Unreadable(CertificateRefused):
    """What was given is no X.509 certificate, or a damaged one."""

    code = "certificate.unreadable"


class TooLarge(CertificateRefused):
    """What was given is larger than any certificate."""

    status = TooLargeProblem.status
    title = TooLargeProblem.title
    code = "certificate.too_large"


class PrivateKeyGiven(CertificateRefused):
    """A private key was given, alone or together with a certificate."""

    code = "certificate.private_key"


class KeystoreGiven(CertificateRefused):
    """A key store (PKCS#12 or Java) was given; it normally holds the private key."""

    code = "certificate.keystore"


class RequestGiven(CertificateRefused):
    """A certificate signing request was given: the question to the authority, not its answer."""

    code = "certificate.request"


class SeveralCertificates(CertificateRefused):
    """More than one certificate was given where exactly one is wanted."""

    code = "certificate.several"


class NotOces(CertificateRefused):
    """A certificate, but not one issued to a person, organisation or function under an OCES policy."""

    code = "certificate.not_oces"


class KindUnclear(CertificateRefused):
    """An OCES certificate whose policies and subject serial number tell different stories."""

    code = "certificate.kind_unclear"


class KindNotAccepted(CertificateRefused):
    """An OCES certificate of a kind that identifies a person (MOCES, POCES), not a system."""

    code = "certificate.kind_not_accepted"


class Expired(CertificateRefused):
    """The certificate's validity has ended."""

    code = "certificate.expired"


class NotYetValid(CertificateRefused):
    """The certificate's validity has not begun."""

    code = "certificate.not_yet_valid"


class WeakKey(CertificateRefused):
    """The certificate's key is too short, of a type not used here, or signed with a broken algorithm."""

    code = "certificate.weak_key"


class UntrustedIssuer(CertificateRefused):
    """No trusted authority's key made the certificate's signature, whatever its issuer name says."""

    code = "certificate.untrusted_issuer"


class WrongEnvironment(CertificateRefused):
    """Issued by a test authority, given for production."""

    code = "certificate.wrong_environment"


class AlreadyUsed(CertificateRefused):
    """The certificate is already registered, on this system or another. Judged by the registry's store."""

    status = Conflict.status
    title = Conflict.title
    code = "certificate.already_used"


class SerialUnreadable(Invalid):
    """A pasted text that can't be any kind of serial number. Same shape as `CertificateRefused`."""

    code: str = "serial.unreadable"

    def __init__(self, message: str) -> None:
        super().__init__(type(self).code, message)
        self.message = message
