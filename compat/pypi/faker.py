"""Makes up people and addresses, the same for a seed, in two languages."""

from faker import Faker

from capsule import task


@task(compute="HIGH")
def main() -> None:
    first, second = Faker(), Faker()
    first.seed_instance(7)
    second.seed_instance(7)
    assert first.name() == second.name() and "@" in first.email()
    assert len(Faker("de_DE").address().splitlines()) == 2
