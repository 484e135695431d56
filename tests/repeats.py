"""Blocks of six lines or more that stand in several places of the package.

    python tests/repeats.py [FOLDER]

Counts lines that are part of such a block: the same lines, and lines of the same shape, with other
names, numbers and strings. Blank lines, comments, docstrings, imports and lone brackets do not
count. Then it names the largest blocks of the same lines.
"""

import ast
import io
import keyword
import pathlib
import sys
import tokenize

ROOT = pathlib.Path(__file__).parent.parent / "keras_cv_extras"
LEAST = 6
LAYOUT = (tokenize.NEWLINE, tokenize.NL, tokenize.INDENT, tokenize.DEDENT, tokenize.COMMENT)


def lines_of(path):
    """Returns `(number, text, shape)` of the lines of a file that count."""
    source = path.read_text(encoding="utf-8")
    left_out = set()
    for node in ast.walk(ast.parse(source)):
        text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if text or isinstance(node, (ast.Import, ast.ImportFrom)):
            left_out.update(range(node.lineno, node.end_lineno + 1))
    rows = {}
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        number, text = token.start[0], token.string
        if number in left_out or token.type in (*LAYOUT, tokenize.ENDMARKER):
            continue
        plain = token.type == tokenize.OP or keyword.iskeyword(text)
        rows.setdefault(number, []).append((text, text if plain else "x"))
    found = []
    for number, row in sorted(rows.items()):
        text, shape = (" ".join(part) for part in zip(*row, strict=True))
        if any(letter.isalnum() for letter in text):
            found.append((number, text, shape))
    return found


def repeated(files, kind):
    """Returns the lines that are part of a block that stands elsewhere too, file by file."""
    places = {}
    for path, lines in files.items():
        for first in range(len(lines) - LEAST + 1):
            block = tuple(line[kind] for line in lines[first : first + LEAST])
            places.setdefault(block, []).append((path, first))
    found = {path: set() for path in files}
    for several in places.values():
        if len(several) > 1:
            for path, first in several:
                found[path].update(range(first, first + LEAST))
    return found


def main():
    """Prints the counts and the largest blocks."""
    root = pathlib.Path(sys.argv[1]) if sys.argv[1:] else ROOT
    files = {path.relative_to(root): lines_of(path) for path in sorted(root.rglob("*.py"))}
    total = sum(map(len, files.values()))
    for kind, name in ((1, "the same"), (2, "of the same shape")):
        count = sum(map(len, repeated(files, kind).values()))
        print(f"{count} of {total} lines ({count / total:.1%}) in blocks that are {name}")
    runs = []
    for path, numbers in repeated(files, 1).items():
        for number in sorted(numbers):
            if runs and runs[-1][0] == path and runs[-1][1][-1] == number - 1:
                runs[-1][1].append(number)
            else:
                runs.append((path, [number]))
    for path, run in sorted(runs, key=lambda found: -len(found[1]))[:20]:
        print(f"{len(run):4d} lines: {path}:{files[path][run[0]][0]}")


if __name__ == "__main__":
    main()
