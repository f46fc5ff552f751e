"""Checks and normalizes addresses, without asking DNS."""

from email_validator import EmailNotValidError, validate_email

from capsule import task


@task
def main() -> None:
    assert (
        validate_email(
            "Ada@EXAMPLE.org", check_deliverability=False, test_environment=True
        ).normalized
        == "Ada@example.org"
    )
    try:
        validate_email("nobody@", check_deliverability=False)
        raise AssertionError("no error")
    except EmailNotValidError:
        pass
