"""What a sandbox does not have: each says so when it is imported or used."""

from tried import tries


@tries("multiprocessing", "Process")
def _(_server):
    import multiprocessing

    multiprocessing.Process(target=print).start()


@tries("subprocess", "run")
def _(_server):
    import subprocess

    subprocess.run(["ls"], check=True)


@tries("tty", "setraw, which changes a terminal")
def _(_server):
    import tty

    tty.setraw(0)


@tries("this", "import, which prints the Zen of Python")
def _(_server):
    pass


@tries("antigravity", "import, which opens a browser")
def _(_server):
    pass
