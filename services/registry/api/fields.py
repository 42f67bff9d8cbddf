"""Fields that several requests share, with their bounds."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, EmailStr, Field, StringConstraints

from shared.address import LONGEST, mailable

Address = Annotated[EmailStr, Field(max_length=LONGEST), AfterValidator(mailable)]
"""A mail address the notifier can send to."""
Password = Annotated[str, StringConstraints(max_length=1024)]
Secret = Annotated[str, StringConstraints(min_length=1, max_length=128)]
