"""Fields that several requests share, with their bounds."""

from __future__ import annotations

from typing import Annotated

from pydantic import EmailStr, Field, StringConstraints

Address = Annotated[EmailStr, Field(max_length=254)]
Password = Annotated[str, StringConstraints(max_length=1024)]
Secret = Annotated[str, StringConstraints(min_length=1, max_length=128)]
