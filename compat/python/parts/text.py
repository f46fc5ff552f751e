"""Text: its patterns, formats and languages."""

import io

from tried import tries


@tries("codecs", "encode, iterdecode, lookup; CP1252, Shift-JIS, IDNA, ROT13")
def _(_server):
    import codecs

    assert "ü".encode("cp1252") == b"\xfc" and b"\x83\x65".decode("shift_jis") == "テ"
    assert "bücher".encode("idna") == b"xn--bcher-kva"
    assert codecs.encode("abc", "rot13") == "nop" and codecs.lookup("latin1").name == "iso8859-1"
    assert "".join(codecs.iterdecode([b"\xc3", b"\xbc"], "utf-8")) == "ü"


@tries("difflib", "unified_diff, SequenceMatcher, get_close_matches")
def _(_server):
    import difflib

    assert "+b" in list(difflib.unified_diff(["a"], ["a", "b"], lineterm=""))
    assert difflib.SequenceMatcher(None, "abcd", "bcde").ratio() == 0.75
    assert difflib.get_close_matches("appel", ["ape", "apple"])[0] == "apple"


@tries("encodings", "the aliases of encodings")
def _(_server):
    import encodings.aliases

    assert encodings.normalize_encoding("utf 8") == "utf_8"
    assert encodings.aliases.aliases["latin1"] == "latin_1"


@tries("gettext", "ngettext, NullTranslations")
def _(_server):
    import gettext

    assert gettext.ngettext("a file", "files", 2) == "files"
    assert gettext.NullTranslations().gettext("x") == "x"


@tries("html", "escape, unescape, html.parser, html.entities")
def _(_server):
    import html
    import html.parser

    assert html.escape("<a&'>") == "&lt;a&amp;&#x27;&gt;" and html.unescape("&uuml;&#33;") == "ü!"
    tags = []

    class Parser(html.parser.HTMLParser):
        def handle_starttag(self, tag, attrs):
            tags.append((tag, attrs))

    Parser().feed("<p class=x>hi<br></p>")
    assert tags == [("p", [("class", "x")]), ("br", [])]


@tries("locale", "setlocale, format_string, atof")
def _(_server):
    import locale

    assert locale.setlocale(locale.LC_ALL) == "C" or "UTF-8" in locale.setlocale(locale.LC_ALL)
    assert locale.format_string("%.1f", 1.25) in ("1.2", "1.3") and locale.atof("1.5") == 1.5


@tries("pprint", "pformat of nested values")
def _(_server):
    import pprint

    text = pprint.pformat({"b": list(range(30)), "a": "x" * 60}, width=60, compact=True)
    assert text.startswith("{'a': 'xxx") and len(text.splitlines()) > 2


@tries("re", "groups, lookbehind, substitution by a function, flags")
def _(_server):
    import re

    match = re.search(r"(?P<year>\d{4})-(\d\d)", "on 2025-06")
    assert match["year"] == "2025" and match.span(2) == (8, 10)
    assert re.sub(r"(?<=a)b", lambda found: found[0].upper(), "ab b") == "aB b"
    assert re.findall(r"(?ix) \b h \w+", "Hi ho x") == ["Hi", "ho"]


@tries("reprlib", "Repr, which shortens")
def _(_server):
    import reprlib

    assert reprlib.repr(list(range(100))) == "[0, 1, 2, 3, 4, 5, ...]"


@tries("shlex", "split, quote, join")
def _(_server):
    import shlex

    assert shlex.split("a 'b c' # d", comments=True) == ["a", "b c"]
    assert shlex.join(["a b", "c"]) == "'a b' c" and shlex.quote("$x") == "'$x'"


@tries("string", "Template, Formatter, constants")
def _(_server):
    import string

    assert string.Template("$a and ${b}").substitute(a=1, b=2) == "1 and 2"
    assert string.Formatter().format("{0:>4}", 1) == "   1" and string.hexdigits[:3] == "012"


@tries("stringprep", "tables of RFC 3454")
def _(_server):
    import stringprep

    assert stringprep.in_table_c12("\u00a0") and stringprep.map_table_b3("ß") == "ss"


@tries("textwrap", "wrap, dedent, shorten")
def _(_server):
    import textwrap

    assert textwrap.wrap("a bb ccc", 4) == ["a bb", "ccc"] and textwrap.dedent("  a\n  b") == "a\nb"
    assert textwrap.shorten("hello big world", 12) == "hello [...]"


@tries("unicodedata", "normalize, name, category, lookup")
def _(_server):
    import unicodedata

    assert unicodedata.normalize("NFD", "ü") == "u\u0308" and unicodedata.category("A") == "Lu"
    assert unicodedata.lookup("SNOWMAN") == "☃" and "LATIN" in unicodedata.name("ü")


@tries("argparse", "arguments, sub-commands, types, errors, help")
def _(_server):
    import argparse

    parser = argparse.ArgumentParser(prog="x", exit_on_error=False)
    commands = parser.add_subparsers(dest="command")
    add = commands.add_parser("add")
    add.add_argument("numbers", type=int, nargs="+")
    add.add_argument("--name", default="n")
    found = parser.parse_args(["add", "1", "2", "--name=y"])
    assert (found.command, found.numbers, found.name) == ("add", [1, 2], "y")
    assert "usage: x" in parser.format_help()
    try:
        add.parse_args(["one"])
        raise AssertionError("no error")
    except SystemExit as error:
        assert error.code == 2


@tries("getopt", "gnu_getopt")
def _(_server):
    import getopt

    assert getopt.gnu_getopt(["a", "-v", "--n=1"], "v", ["n="]) == (
        [("-v", ""), ("--n", "1")],
        ["a"],
    )


@tries("optparse", "OptionParser")
def _(_server):
    import optparse

    parser = optparse.OptionParser()
    parser.add_option("-n", type="int")
    options, rest = parser.parse_args(["-n", "3", "x"])
    assert (options.n, rest) == (3, ["x"])


@tries("email", "messages with parts, headers and addresses; parse and write")
def _(_server):
    import email.policy
    from email.message import EmailMessage
    from email.utils import parseaddr, parsedate_to_datetime

    message = EmailMessage()
    message["Subject"], message["To"] = "Grüße", "Ada <ada@example.com>"
    message.set_content("hello")
    message.add_attachment(b"data", maintype="application", subtype="x", filename="a.bin")
    read = email.message_from_bytes(message.as_bytes(), policy=email.policy.default)
    assert read["Subject"] == "Grüße" and parseaddr(read["To"]) == ("Ada", "ada@example.com")
    assert next(read.iter_attachments()).get_content() == b"data"
    assert parsedate_to_datetime("Mon, 20 Nov 1995 19:12:08 -0500").hour == 19


@tries("quopri", "encodestring, decodestring")
def _(_server):
    import quopri

    assert quopri.decodestring(quopri.encodestring("ü=".encode())).decode() == "ü="


@tries("cmd", "Cmd, which reads commands from a file")
def _(_server):
    import cmd

    class Shell(cmd.Cmd):
        prompt, use_rawinput = "", False

        def do_add(self, line):
            self.stdout.write(str(sum(map(int, line.split()))))

        def do_quit(self, line):
            return True

    output = io.StringIO()
    Shell(stdin=io.StringIO("add 1 2\nquit\n"), stdout=output).cmdloop()
    assert output.getvalue() == "3"
