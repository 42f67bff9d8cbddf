"""What invoicing needs to know."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

from pydantic import Field, StringConstraints, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from shared.cvr import check_cvr
from shared.settings import Settings, setting

_DEMONSTRATION: Final = {
    "seller_name": "Demonstrationsplatformen (opdigtet)",
    "seller_cvr": "12345674",
    "seller_street": "Prøvevej 1",
    "seller_postal_code": "1000",
    "seller_city": "København K",
    "seller_email": "faktura@serviceplatform.example",
    "seller_bank_registration": "9999",
    "seller_bank_account": "0012345678",
}
"""Who sells in a demonstration: valid in form, and nobody."""

_OWN = "; required in live mode, made up in a demonstration"
_Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class InvoicingSettings(Settings):
    """Who sells, how it is paid, and the gates invoices pass."""

    seller_name: _Name | None = setting(None, about=f"The platform operator's name, the seller on invoices{_OWN}")
    seller_cvr: str | None = setting(None, about=f"The seller's CVR number, eight digits{_OWN}")
    seller_street: _Name | None = setting(None, about=f"The seller's street and house number{_OWN}")
    seller_postal_code: Annotated[str, StringConstraints(pattern=r"^\d{4}$")] | None = setting(
        None, about=f"The seller's postal code, four digits{_OWN}"
    )
    seller_city: _Name | None = setting(None, about=f"The seller's town{_OWN}")
    seller_email: _Name | None = setting(None, about=f"Where questions about an invoice go{_OWN}")
    seller_bank_registration: Annotated[str, StringConstraints(pattern=r"^\d{4}$")] | None = setting(
        None, about=f"The registration number of the bank that is paid to, four digits{_OWN}"
    )
    seller_bank_account: Annotated[str, StringConstraints(pattern=r"^\d{4,10}$")] | None = setting(
        None, about=f"The bank account that is paid to, up to ten digits{_OWN}"
    )
    payment_days: Annotated[int, Field(ge=1, le=120)] = setting(
        30, unit="days", about="How long after its issue an invoice is due"
    )
    einvoice_rules: Path | None = setting(
        None, about="A folder with the official e-invoice rules; when set, no invoice leaves without passing them"
    )

    @field_validator(*_DEMONSTRATION, mode="after")
    @classmethod
    def _own_in_live_mode(cls, value: str | None, info: ValidationInfo) -> str:
        if value is not None:
            return value
        if info.data.get("mode") == "live":
            raise PydanticCustomError("live", "is not set; live invoices name their own seller")
        assert info.field_name is not None
        return _DEMONSTRATION[info.field_name]

    @field_validator("seller_cvr", mode="after")
    @classmethod
    def _real_number(cls, value: str) -> str:
        try:
            return check_cvr(value)
        except ValueError as error:
            raise PydanticCustomError("cvr", "{reason}", {"reason": str(error)}) from None

    model_config = Settings.model_config | {"validate_default": True}
