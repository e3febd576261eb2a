from pathlib import Path

from mailer.config.written import read_written


def test_no_password_is_read_from_what_is_written(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[smtp]\npassword = "hush"\nport = 25\n[database]\nurl = "postgresql://me:hush@db/x"\n', "utf-8")
    found = read_written(file)
    assert found == {"smtp.password": "set", "smtp.port": "25", "database.url": '"postgresql://db/x"'}
    assert read_written(tmp_path / "none.toml") == {}
