from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import ValidationError


class DifferentCharactersValidator:
    """Refuses a long password that repeats a few characters, such as aaaaaaaaaaaa8."""

    def __init__(self, at_least: int = 6) -> None:
        self.at_least = at_least

    def validate(self, password: str, user: AbstractBaseUser | None = None) -> None:
        if len(set(password)) < self.at_least:
            raise ValidationError(
                f"This password repeats itself. It needs at least {self.at_least} different characters.",
                code="password_repeats_itself",
            )

    def get_help_text(self) -> str:
        return f"Your password must contain at least {self.at_least} different characters."
