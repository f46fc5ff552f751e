"""Collections, serialization, compression and hashes."""

import io

from tried import tries

TEXT = b"hello hello hello hello"


@tries("array", "append, tobytes")
def _(_server):
    import array

    numbers = array.array("i", [1, 2, 3])
    numbers.append(4)
    assert sum(numbers) == 10 and len(numbers.tobytes()) == 16


@tries("base64", "b64, b32, b85, urlsafe")
def _(_server):
    import base64

    assert base64.b64encode(b"hi") == b"aGk=" and base64.b32decode("NBUQ====") == b"hi"
    assert base64.b85decode(base64.b85encode(TEXT)) == TEXT
    assert base64.urlsafe_b64encode(b"\xff\xfe") == b"__4="


@tries("binascii", "hexlify, crc32, a2b_base64")
def _(_server):
    import binascii

    assert binascii.hexlify(b"\x01\xff") == b"01ff" and binascii.crc32(b"hello") == 907060870


@tries("bisect", "bisect, insort with a key")
def _(_server):
    import bisect

    numbers = [1, 3, 5]
    bisect.insort(numbers, 4)
    assert numbers == [1, 3, 4, 5] and bisect.bisect_left(numbers, 3) == 1


@tries("collections", "Counter, deque, namedtuple, ChainMap, abc")
def _(_server):
    import collections
    import collections.abc

    assert collections.Counter("abca").most_common(1) == [("a", 2)]
    Point = collections.namedtuple("Point", "x y")
    assert Point(1, 2)._replace(x=3) == (3, 2)
    assert list(collections.deque([1, 2, 3], maxlen=2)) == [2, 3]
    assert collections.ChainMap({"a": 1}, {"a": 2, "b": 3})["b"] == 3
    assert isinstance([], collections.abc.Sequence)


@tries("compression", "zlib and gzip; no bz2, lzma and zstd")
def _(_server):
    from compression import gzip, zlib

    assert zlib.decompress(zlib.compress(TEXT)) == TEXT
    assert gzip.decompress(gzip.compress(TEXT)) == TEXT
    _misses("compression.bz2", "compression.lzma", "compression.zstd")


def _misses(*names: str) -> None:
    import importlib

    for name in names:
        try:
            importlib.import_module(name)
        except ImportError:
            continue
        raise AssertionError(f"{name} is there")


@tries("configparser", "read, interpolate, write")
def _(_server):
    import configparser

    config = configparser.ConfigParser()
    config.read_string("[a]\nhome = /x\npath = %(home)s/y\nn = 3\n")
    assert config["a"]["path"] == "/x/y" and config.getint("a", "n") == 3
    output = io.StringIO()
    config.write(output)
    assert "[a]" in output.getvalue()


@tries("copy", "copy, deepcopy")
def _(_server):
    import copy

    original = {"a": [1]}
    shallow, deep = copy.copy(original), copy.deepcopy(original)
    original["a"].append(2)
    assert shallow["a"] == [1, 2] and deep["a"] == [1]


@tries("copyreg", "pickle, by which a class is pickled")
def _(_server):
    import copyreg
    import pickle

    copyreg.pickle(complex, lambda value: (complex, (value.real, value.imag)))
    assert pickle.loads(pickle.dumps(1 + 2j)) == 1 + 2j


@tries("csv", "DictReader, writer, Sniffer")
def _(_server):
    import csv

    rows = list(csv.DictReader(io.StringIO('name,n\n"a, b",1\n')))
    assert rows == [{"name": "a, b", "n": "1"}]
    output = io.StringIO()
    csv.writer(output, delimiter=";").writerow(["x;y", 2])
    assert output.getvalue() == '"x;y";2\r\n'
    assert csv.Sniffer().sniff("a;b\n1;2\n3;4\n").delimiter == ";"


@tries("enum", "StrEnum, Flag, auto")
def _(_server):
    import enum

    class Colour(enum.StrEnum):
        RED = enum.auto()

    class Right(enum.Flag):
        READ = enum.auto()
        WRITE = enum.auto()

    assert Colour.RED == "red" and Right.READ in Right.READ | Right.WRITE


@tries("graphlib", "TopologicalSorter")
def _(_server):
    import graphlib

    assert list(graphlib.TopologicalSorter({"b": {"a"}, "c": {"b"}}).static_order()) == [
        "a",
        "b",
        "c",
    ]


@tries("gzip", "compress, decompress, GzipFile")
def _(_server):
    import gzip

    assert gzip.decompress(gzip.compress(TEXT)) == TEXT
    with gzip.open(io.BytesIO(gzip.compress(b"a\nb\n")), "rt") as file:
        assert file.readlines() == ["a\n", "b\n"]


@tries("hashlib", "MD5, SHA-1, SHA-2, SHA-3, BLAKE2, pbkdf2_hmac; no scrypt")
def _(_server):
    import hashlib

    assert hashlib.md5(b"ab").hexdigest() == "187ef4436122d1cc2f40dc2b92f0eba0"
    assert hashlib.new("sha1", b"ab").hexdigest().startswith("da23614e0246")
    assert hashlib.sha256(b"ab").hexdigest().startswith("fb8e20fc2e4c")
    assert hashlib.sha3_256(b"").hexdigest().startswith("a7ffc6f8bf1ed")
    assert not hasattr(hashlib, "scrypt")
    assert len(hashlib.blake2b(b"x", digest_size=16).digest()) == 16
    derived = hashlib.pbkdf2_hmac("sha1", b"password", b"salt", 2).hex()
    assert derived == "ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957"


@tries("heapq", "heapify, heappop, nlargest, merge")
def _(_server):
    import heapq

    heap = [5, 1, 4]
    heapq.heapify(heap)
    assert heapq.heappop(heap) == 1 and heapq.nlargest(1, [1, 9, 2]) == [9]
    assert list(heapq.merge([1, 3], [2])) == [1, 2, 3]


@tries("hmac", "new, digest, compare_digest")
def _(_server):
    import hmac

    code = hmac.new(b"key", b"x", "sha256").digest()
    assert code == hmac.digest(b"key", b"x", "sha256") and hmac.compare_digest(code, code)


@tries("json", "dumps, loads, default, errors with a place")
def _(_server):
    import json

    assert json.loads('{"a": [1, 2.5, null, "\\u00fc"]}') == {"a": [1, 2.5, None, "ü"]}
    assert (
        json.dumps({"b": {1, 2}, "a": "ü"}, default=sorted, sort_keys=True, indent=1).count("\n")
        == 6
    )
    try:
        json.loads("[1,")
        raise AssertionError("no error")
    except json.JSONDecodeError as error:
        assert error.pos == 3


@tries("marshal", "dumps, loads")
def _(_server):
    import marshal

    assert marshal.loads(marshal.dumps([1, ("a", None)])) == [1, ("a", None)]


@tries("pickle", "dumps and loads of classes, protocols, references")
def _(_server):
    import pickle
    from fractions import Fraction

    shared = [Fraction(1, 3)]
    read = pickle.loads(pickle.dumps([shared, shared], protocol=5))
    assert read[0] is read[1] and read[0] == shared


@tries("pickletools", "dis, optimize")
def _(_server):
    import pickle
    import pickletools

    output = io.StringIO()
    pickletools.dis(pickletools.optimize(pickle.dumps([1])), output)
    assert "STOP" in output.getvalue()


@tries("plistlib", "dumps and loads, as XML and binary")
def _(_server):
    import plistlib

    for form in (plistlib.FMT_XML, plistlib.FMT_BINARY):
        assert plistlib.loads(plistlib.dumps({"a": [1, b"x"]}, fmt=form)) == {"a": [1, b"x"]}


@tries("pyexpat", "a parser of events")
def _(_server):
    import pyexpat

    seen = []
    parser = pyexpat.ParserCreate()
    parser.StartElementHandler = lambda name, attributes: seen.append((name, attributes))
    parser.Parse("<a b='1'><c/></a>", True)
    assert seen == [("a", {"b": "1"}), ("c", {})]


@tries("queue", "PriorityQueue in one thread")
def _(_server):
    import queue

    items = queue.PriorityQueue()
    items.put(2)
    items.put(1)
    assert items.get() == 1 and items.get_nowait() == 2 and items.empty()


@tries("shelve", "open, write and read of a folder that the task was granted")
def _(_server):
    import shelve

    with shelve.open("data/shelf", "n") as shelf:
        shelf["a"] = [1, 2]
    with shelve.open("data/shelf") as shelf:
        assert shelf["a"] == [1, 2]


@tries("dbm", "dumb, open")
def _(_server):
    import dbm
    import dbm.dumb

    with dbm.dumb.open("data/dumb", "n") as database:
        database["a"] = "1"
    with dbm.open("data/dumb", "r") as database:
        assert database["a"] == b"1"


@tries("sqlite3", "tables, parameters, own functions, JSON, in memory")
def _(_server):
    import sqlite3

    with sqlite3.connect(":memory:") as database:
        database.execute("CREATE TABLE t (name TEXT, n INT)")
        database.executemany("INSERT INTO t VALUES (?, ?)", [("a", 1), ("b", 5), ("a", 3)])
        database.create_function("twice", 1, lambda value: value * 2)
        rows = database.execute("SELECT name, twice(SUM(n)) FROM t GROUP BY name ORDER BY 1")
        assert rows.fetchall() == [("a", 8), ("b", 10)]
        found = database.execute("SELECT json_extract('{\"a\": 7}', '$.a'), upper(:x)", {"x": "y"})
        assert found.fetchone() == (7, "Y")


@tries("struct", "pack, unpack, iter_unpack, calcsize")
def _(_server):
    import struct

    assert struct.unpack(">Hi", struct.pack(">Hi", 7, -2)) == (7, -2)
    assert struct.calcsize("<bq") == 9 and list(struct.iter_unpack("B", b"ab")) == [(97,), (98,)]


@tries("tomllib", "loads, with dates and errors")
def _(_server):
    import tomllib

    read = tomllib.loads("a = 1\n[b]\nwhen = 2025-01-01\nlist = [1.5, 'x']")
    assert read["b"]["list"] == [1.5, "x"] and read["b"]["when"].year == 2025


@tries("wave", "write and read of a sound")
def _(_server):
    import wave

    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(b"\0\0" * 80)
    with wave.open(io.BytesIO(file.getvalue())) as sound:
        assert (sound.getnframes(), sound.getframerate()) == (80, 8000)


@tries("weakref", "ref, WeakValueDictionary, finalize")
def _(_server):
    import weakref

    class Thing:
        pass

    thing, ended = Thing(), []
    weakref.finalize(thing, ended.append, 1)
    reference, table = weakref.ref(thing), weakref.WeakValueDictionary(a=thing)
    assert reference() is thing and "a" in table
    del thing
    assert reference() is None and "a" not in table and ended == [1]


@tries("xml", "ElementTree with paths and namespaces, minidom, SAX")
def _(_server):
    import xml.dom.minidom
    import xml.sax
    from xml.etree import ElementTree

    root = ElementTree.fromstring("<a xmlns:n='u'><b k='1'>x</b><n:b/></a>")
    assert root.find("b[@k='1']").text == "x" and root[1].tag == "{u}b"
    assert ElementTree.tostring(ElementTree.Element("c")) == b"<c />"
    assert xml.dom.minidom.parseString("<a><b/></a>").documentElement.firstChild.tagName == "b"
    names = []

    class Handler(xml.sax.ContentHandler):
        def startElement(self, name, attrs):
            names.append(name)

    xml.sax.parseString("<a><b/></a>", Handler())
    assert names == ["a", "b"]


@tries("zlib", "compress, decompress, streams, crc32")
def _(_server):
    import zlib

    assert zlib.decompress(zlib.compress(TEXT, 9)) == TEXT and zlib.crc32(b"hello") == 907060870
    stream = zlib.decompressobj(wbits=31)
    assert stream.decompress(zlib.compress(TEXT, wbits=31)) == TEXT
