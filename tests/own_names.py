"""What lies in a folder of ours, beside what its kind says is written there."""

from fnmatch import fnmatchcase


def unsaid(folder, kind):
    """Returns the names in a folder at which no link would be seen."""
    said = {name.split("/")[0] for name in (*kind.begun, *kind.beside, *kind.writes)}
    return {
        item.name
        for item in folder.glob("[!.]*")
        if not any(fnmatchcase(item.name, pattern) for pattern in said)
    }
