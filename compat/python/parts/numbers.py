"""Numbers, dates and chance."""

from tried import tries


@tries("calendar", "monthrange, TextCalendar, timegm, isleap")
def _(_server):
    import calendar

    assert calendar.monthrange(2024, 2) == (3, 29) and calendar.isleap(2000)
    assert "June 2025" in calendar.TextCalendar().formatmonth(2025, 6)
    assert calendar.timegm((1970, 1, 2, 0, 0, 0)) == 86400


@tries("cmath", "sqrt, exp")
def _(_server):
    import cmath

    assert cmath.sqrt(-1) == 1j and abs(cmath.exp(1j * cmath.pi) + 1) < 1e-15


@tries("colorsys", "rgb_to_hsv, hls_to_rgb")
def _(_server):
    import colorsys

    assert colorsys.rgb_to_hsv(1, 0, 0) == (0, 1, 1)


@tries("datetime", "dates, times, deltas, time zones, parse, format")
def _(_server):
    from datetime import UTC, date, datetime, timedelta, timezone

    moment = datetime(2025, 1, 31, 12, tzinfo=timezone(timedelta(hours=2)))
    assert moment.astimezone(UTC).isoformat() == "2025-01-31T10:00:00+00:00"
    assert moment + timedelta(days=1) > moment and f"{moment:%a %d %b}" == "Fri 31 Jan"
    assert datetime.strptime("5/3/2025", "%d/%m/%Y").date() == date(2025, 3, 5)
    assert datetime.fromisoformat("2025-01-01T00:00Z").tzinfo is UTC
    assert datetime.now(UTC).year >= 2025


@tries("decimal", "arithmetic, rounding, context, quantize")
def _(_server):
    from decimal import ROUND_HALF_UP, Decimal, getcontext, localcontext

    assert Decimal("0.1") + Decimal("0.2") == Decimal("0.3") and getcontext().prec == 28
    assert Decimal("2.675").quantize(Decimal("0.01"), ROUND_HALF_UP) == Decimal("2.68")
    with localcontext(prec=50):
        assert str(Decimal(2).sqrt()).startswith("1.41421356237309504880168872420969807")


@tries("fractions", "arithmetic, limit_denominator")
def _(_server):
    from fractions import Fraction

    assert Fraction(1, 3) + Fraction("1/6") == Fraction(1, 2)
    assert Fraction(3.14159).limit_denominator(10) == Fraction(22, 7)


@tries("math", "isqrt, comb, gcd, lcm, fsum, dist, sumprod, gamma")
def _(_server):
    import math

    assert (math.isqrt(17), math.comb(5, 2), math.gcd(12, 18), math.lcm(4, 6)) == (4, 10, 6, 12)
    assert math.fsum([0.1] * 10) == 1.0 and math.dist((0, 0), (3, 4)) == 5
    assert math.sumprod([1, 2], [3, 4]) == 11 and math.isclose(math.gamma(5), 24)


@tries("numbers", "the tower of numbers")
def _(_server):
    import numbers

    assert isinstance(1, numbers.Integral) and not isinstance(1j, numbers.Real)


@tries("random", "seeded sequences, sample, choice; two that differ")
def _(_server):
    import random

    seeded = random.Random(42)
    assert (seeded.randint(1, 100), seeded.random()) == (82, 0.11133106816568039)
    assert sorted(random.sample(range(10), 10)) == list(range(10)) and random.choice("a") == "a"
    assert random.SystemRandom().random() != random.SystemRandom().random()


@tries("secrets", "token_hex, token_urlsafe, randbelow, compare_digest")
def _(_server):
    import secrets

    assert len(secrets.token_hex(8)) == 16 and secrets.token_urlsafe() != secrets.token_urlsafe()
    assert secrets.compare_digest("a", "a") and secrets.randbelow(3) < 3


@tries("statistics", "mean, median, stdev, linear_regression, NormalDist")
def _(_server):
    import statistics

    assert statistics.mean([1, 2, 6]) == 3 and statistics.median([1, 9, 2, 8]) == 5
    assert round(statistics.stdev([1, 2, 3, 4]), 3) == 1.291
    assert statistics.linear_regression([1, 2, 3], [2, 4, 6]).slope == 2
    assert round(statistics.NormalDist().cdf(1.96), 3) == 0.975


@tries("time", "time, monotonic, sleep, strftime, gmtime, perf_counter")
def _(_server):
    import time

    before = time.monotonic()
    time.sleep(0.01)
    assert time.monotonic() - before >= 0.009 and time.time() > 1.7e9
    assert time.strftime("%Y-%m-%d", time.gmtime(0)) == "1970-01-01" and time.perf_counter_ns() > 0


@tries("zoneinfo", "ZoneInfo by the data of tzdata, available_timezones, summer time")
def _(_server):
    from datetime import datetime
    from zoneinfo import ZoneInfo, available_timezones

    summer = datetime(2025, 7, 1, 12, tzinfo=ZoneInfo("Europe/Berlin"))
    assert summer.utcoffset().total_seconds() == 7200 and len(available_timezones()) > 400
    assert ZoneInfo("America/New_York").utcoffset(summer).total_seconds() == -14400


@tries("uuid", "uuid4, uuid5, uuid7, UUID")
def _(_server):
    import uuid

    assert uuid.uuid4() != uuid.uuid4() and uuid.uuid7().version == 7
    assert str(uuid.uuid5(uuid.NAMESPACE_DNS, "a")) == "4f3f2898-69e3-5a0d-820a-c4e87987dbce"


@tries("ipaddress", "networks, hosts, IPv6")
def _(_server):
    import ipaddress

    network = ipaddress.ip_network("10.0.0.0/30")
    assert [str(host) for host in network.hosts()] == ["10.0.0.1", "10.0.0.2"]
    assert ipaddress.ip_address("::1").is_loopback and ipaddress.ip_address("10.0.0.3") in network
