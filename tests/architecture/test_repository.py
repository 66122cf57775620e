"""What holds for every file of the repository."""

import re

from tests.architecture.project import ROOT, repository_files

# Folders of one person's machine. A program's own place (/usr/bin) or a throw-away one (/tmp) may be named.
MACHINE_PATH = re.compile(r"(?<![\w./:}-])(?:/(?:home|root|Users|work|workspace|mnt|builds)/[\w.-]+|[A-Z]:\\Users)")
SECRET = re.compile(r"AKIA[0-9A-Z]{16}|-----BEGIN [A-Z ]*PRIVATE KEY-----|gh[pousr]_[A-Za-z0-9]{36}")
LARGEST_BYTES = 1_000_000
TEXTS = ("", ".cfg", ".csv", ".md", ".pth", ".py", ".sh", ".sql", ".toml", ".txt", ".yaml", ".yml")
LONGEST_MODULE = 300


def machine_paths(text: str) -> list[str]:
    return MACHINE_PATH.findall(text)


def test_no_file_names_a_machines_folder():
    paths_by_file = {str(path.relative_to(ROOT)): machine_paths(path.read_text()) for path in repository_files(*TEXTS)}
    assert {name: paths for name, paths in paths_by_file.items() if paths} == {}


def test_a_machines_folder_is_found():
    folder = "/home" + "/ada"
    assert machine_paths(f"cd {folder}/warehouse") == [folder]
    assert machine_paths("https://lms.example/home/ada and {root}/home/x") == []


def test_no_secret_is_in_the_repository():
    assert [path.name for path in repository_files(*TEXTS) if SECRET.search(path.read_text())] == []


def test_no_data_is_in_the_repository():
    """Large files and captured output belong in a bucket, not in everybody's clone."""
    assert [path.name for path in repository_files() if path.stat().st_size > LARGEST_BYTES] == []


def test_modules_stay_short():
    folder = str(ROOT / "orchestration")
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text().splitlines())
        for path in repository_files(".py")
        if str(path).startswith(folder)
    }
    assert {name: length for name, length in lengths.items() if length > LONGEST_MODULE} == {}


def test_every_module_says_what_it_is_for():
    mute = [
        str(path.relative_to(ROOT))
        for path in repository_files(".py")
        if path.read_text().strip() and not path.read_text().lstrip().startswith('"""')
    ]
    assert mute == []


def test_the_licence_is_apache_2():
    text = (ROOT / "LICENSE").read_text()
    assert "Apache License" in text
    assert "END OF TERMS AND CONDITIONS" in text
