"""Files of a folder that the task was granted, and archives."""

import io
import os

from tried import tries


def _folder(name: str) -> str:
    """A folder that is new."""
    import shutil

    path = f"data/{name}"
    shutil.rmtree(path, ignore_errors=True)
    os.makedirs(path)
    return path


@tries("filecmp", "cmp")
def _(_server):
    import filecmp
    from pathlib import Path

    folder = Path(_folder("filecmp"))
    for name, text in (("a", "x"), ("b", "x"), ("c", "y")):
        (folder / name).write_text(text)
    assert filecmp.cmp(folder / "a", folder / "b", shallow=False)
    assert not filecmp.cmp(folder / "a", folder / "c", shallow=False)


@tries("fileinput", "input of two files")
def _(_server):
    import fileinput
    from pathlib import Path

    folder = Path(_folder("fileinput"))
    names = [folder / "a", folder / "b"]
    for name in names:
        name.write_text(f"{name.name}\n")
    with fileinput.input(names) as lines:
        assert [(line, lines.lineno()) for line in lines] == [("a\n", 1), ("b\n", 2)]


@tries("fnmatch", "fnmatchcase, filter")
def _(_server):
    import fnmatch

    assert fnmatch.filter(["a.py", "b.txt"], "*.py") == ["a.py"] and fnmatch.fnmatchcase(
        "ab", "a[!c]"
    )


@tries("genericpath", "commonprefix, exists")
def _(_server):
    import genericpath

    assert genericpath.commonprefix(["/ab", "/ac"]) == "/a" and not genericpath.exists("/nothing")


@tries("glob", "glob with **, escape")
def _(_server):
    import glob

    folder = _folder("glob-py")
    os.makedirs(f"{folder}/deep")
    for name in ("a.txt", "deep/b.txt"):
        with open(f"{folder}/{name}", "w"):
            pass
    assert sorted(glob.glob("**/*.txt", root_dir=folder, recursive=True)) == ["a.txt", "deep/b.txt"]
    assert glob.escape("a[1]") == "a[[]1]"


@tries("io", "open, BytesIO, StringIO, TextIOWrapper")
def _(_server):
    path = f"{_folder('io')}/a.txt"
    with open(path, "w", encoding="utf-8", newline="\r\n") as file:
        file.write("ü\nb\n")
    with open(path, "rb") as file:
        assert file.read() == b"\xc3\xbc\r\nb\r\n" and file.seek(2) == 2
    text = io.TextIOWrapper(io.BytesIO(b"a\nb"), encoding="ascii")
    assert text.readlines() == ["a\n", "b"] and io.StringIO("x").read() == "x"


@tries("linecache", "getline")
def _(_server):
    import linecache

    path = f"{_folder('linecache')}/a.txt"
    with open(path, "w") as file:
        file.write("one\ntwo\n")
    assert linecache.getline(path, 2) == "two\n"


@tries("mimetypes", "guess_type, guess_extension")
def _(_server):
    import mimetypes

    assert mimetypes.guess_type("a.html.gz") == ("text/html", "gzip")
    assert mimetypes.guess_extension("image/png") == ".png"


@tries("netrc", "a file with machines")
def _(_server):
    import netrc

    path = f"{_folder('netrc')}/netrc"
    with open(path, "w") as file:
        file.write("machine example.com login ada password x\n")
    assert netrc.netrc(path).authenticators("example.com") == ("ada", "", "x")


@tries("ntpath", "join, splitdrive")
def _(_server):
    import ntpath

    assert ntpath.join("C:\\a", "b") == "C:\\a\\b" and ntpath.splitdrive("C:\\a")[0] == "C:"


@tries("nturl2path", "url2pathname")
def _(_server):
    import nturl2path

    assert nturl2path.url2pathname("///C:/a/b") == "C:\\a\\b"


@tries("os", "descriptors, rename, listdir, scandir, walk, environ, urandom, getuid")
def _(_server):
    folder = _folder("os")
    os.makedirs(f"{folder}/deep")
    descriptor = os.open(f"{folder}/a", os.O_CREAT | os.O_RDWR)
    assert os.write(descriptor, b"xyz") == 3 and os.lseek(descriptor, 1, os.SEEK_SET) == 1
    assert os.read(descriptor, 9) == b"yz" and os.fstat(descriptor).st_size == 3
    os.close(descriptor)
    os.rename(f"{folder}/a", f"{folder}/b")
    assert sorted(os.listdir(folder)) == ["b", "deep"] and os.path.getsize(f"{folder}/b") == 3
    assert [entry.name for entry in os.scandir(folder) if entry.is_dir()] == ["deep"]
    assert [names for _, _, names in os.walk(folder)] == [["b"], []]
    os.environ["X"] = "1"
    assert os.getenv("X") == "1" and len(os.urandom(4)) == 4 and os.getuid() == 1000
    assert os.path.exists(os.getcwd()) or os.getcwd() == "/"


@tries("pathlib", "write, read, mkdir, copy, rglob, rename, with_suffix, relative_to")
def _(_server):
    from pathlib import Path, PurePosixPath, PureWindowsPath

    folder = Path(_folder("pathlib"))
    (folder / "a.txt").write_text("ü")
    (folder / "deep").mkdir()
    (folder / "a.txt").copy(folder / "deep" / "b.txt")
    assert [path.name for path in folder.rglob("*.txt")] == ["a.txt", "b.txt"]
    assert (folder / "deep/b.txt").read_bytes() == b"\xc3\xbc"
    assert (folder / "a.txt").rename(folder / "c.md").exists() and not (folder / "a.txt").is_file()
    assert PurePosixPath("/a/b.tar.gz").with_suffix("").name == "b.tar"
    assert PurePosixPath("/a/b").relative_to("/a/c", walk_up=True) == PurePosixPath("../b")
    assert PureWindowsPath("C:/x").drive == "C:"


@tries("posix", "what os is made of: stat, listdir")
def _(_server):
    import posix

    assert posix.stat("data").st_mode and isinstance(posix.listdir("data"), list)


@tries("posixpath", "normpath, relpath")
def _(_server):
    import posixpath

    assert (
        posixpath.normpath("/a//b/../c") == "/a/c" and posixpath.relpath("/a/b", "/a/c") == "../b"
    )


@tries("shutil", "copytree, rmtree, make_archive, unpack_archive, which")
def _(_server):
    import shutil

    folder = _folder("shutil")
    os.makedirs(f"{folder}/a/deep")
    with open(f"{folder}/a/deep/x.txt", "w") as file:
        file.write("x")
    shutil.copytree(f"{folder}/a", f"{folder}/b")
    archive = shutil.make_archive(f"{folder}/packed", "zip", f"{folder}/b")
    shutil.rmtree(f"{folder}/b")
    shutil.unpack_archive(archive, f"{folder}/c")
    assert os.listdir(f"{folder}/c/deep") == ["x.txt"] and shutil.which("ls") is None


@tries("stat", "S_ISDIR, filemode")
def _(_server):
    import stat

    assert stat.S_ISDIR(os.stat("data").st_mode) and stat.filemode(0o100644) == "-rw-r--r--"


@tries("tarfile", "write and read, with gzip, and the filter for data")
def _(_server):
    import tarfile

    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        entry = tarfile.TarInfo("a/b.txt")
        entry.size = 2
        archive.addfile(entry, io.BytesIO(b"hi"))
    folder = _folder("tarfile")
    with tarfile.open(fileobj=io.BytesIO(file.getvalue())) as archive:
        assert archive.extractfile("a/b.txt").read() == b"hi"
        archive.extractall(folder, filter="data")
    assert os.listdir(f"{folder}/a") == ["b.txt"]


@tries("tempfile", "TemporaryDirectory, NamedTemporaryFile, SpooledTemporaryFile")
def _(_server):
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        with tempfile.NamedTemporaryFile(dir=folder) as file:
            file.write(b"x")
            assert os.path.exists(file.name)
    assert not os.path.exists(folder)
    with tempfile.SpooledTemporaryFile() as spooled:
        assert spooled.write(b"x") == 1


@tries("zipapp", "create_archive")
def _(_server):
    import zipapp
    from pathlib import Path

    folder = Path(_folder("zipapp"))
    (folder / "app").mkdir()
    (folder / "app" / "__main__.py").write_text("print(1)")
    zipapp.create_archive(folder / "app", folder / "app.pyz")
    assert (folder / "app.pyz").stat().st_size > 100


@tries("zipfile", "write and read, deflated, Path, testzip")
def _(_server):
    import zipfile

    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/b.txt", "x" * 999)
    with zipfile.ZipFile(io.BytesIO(file.getvalue())) as archive:
        assert archive.read("a/b.txt") == b"x" * 999 and archive.testzip() is None
        assert zipfile.Path(archive, "a/").joinpath("b.txt").read_text()[:2] == "xx"


@tries("zipimport", "import of a module in an archive")
def _(_server):
    import sys
    import zipfile

    path = f"{_folder('zipimport')}/modules.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("zipped_module.py", "VALUE = 7")
    sys.path.insert(0, path)
    import zipped_module

    assert zipped_module.VALUE == 7


@tries("mailbox", "Maildir: add and read")
def _(_server):
    import mailbox

    box = mailbox.Maildir(f"{_folder('mailbox')}/mail")
    key = box.add("Subject: hi\n\nhello\n")
    assert box[key]["subject"] == "hi" and len(box) == 1
