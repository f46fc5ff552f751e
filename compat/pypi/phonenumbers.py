"""Parses, checks and formats numbers."""

import phonenumbers

from capsule import task


@task(compute="HIGH")
def main() -> None:
    number = phonenumbers.parse("030 123456", "DE")
    assert phonenumbers.is_valid_number(number)
    written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    assert written == "+49 30 123456"
    assert phonenumbers.region_code_for_number(number) == "DE"
