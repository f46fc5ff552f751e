TABLE = {f"key {n}": n * n for n in range(200_000)}


def main(key=77):
    return TABLE[f"key {key}"]
