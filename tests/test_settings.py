import stat
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from bot.settings import Settings, SettingsError, Telegram, data_folder, describe, load, load_secret, settings_table

TOKEN = "123456:" + "a" * 35
KEY = bytes(range(32))


def test_nothing_is_needed() -> None:
    settings = load({"PATH": "/usr/bin"})
    assert settings.data == Path("data")
    assert settings.database_url.get_secret_value() == "sqlite:///data/bezpieczny.sqlite3"
    assert settings.public_url == "http://127.0.0.1:8080"
    assert (settings.content / "programme.yaml").is_file()
    assert settings.telegram.token is None


def test_each_variable_arrives_in_its_place(tmp_path: Path) -> None:
    settings = load(
        {
            "BEZPIECZNY_DATA": str(tmp_path),
            "BEZPIECZNY_PORT": "9000",
            "BEZPIECZNY_LOG_LEVEL": "WARNING",
            "BEZPIECZNY_TELEGRAM__TOKEN": TOKEN,
            "BEZPIECZNY_TELEGRAM__RATE": "12.5",
        }
    )
    assert settings.database_url.get_secret_value() == f"sqlite:///{tmp_path}/bezpieczny.sqlite3"
    assert settings.public_url == "http://127.0.0.1:9000"
    assert settings.log_level == "warning"
    assert settings.telegram == Telegram(token=SecretStr(TOKEN), rate=12.5)


def test_an_empty_variable_counts_as_unset() -> None:
    assert load({"BEZPIECZNY_PORT": "", "BEZPIECZNY_TELEGRAM__TOKEN": ""}) == load({})


@pytest.mark.parametrize("given", ["http://bot-api:8081", "http://bot-api:8081/", "http://bot-api:8081/bot"])
def test_a_bot_api_server_may_be_named_by_its_root(given: str) -> None:
    assert load({"BEZPIECZNY_TELEGRAM__BASE_URL": given}).telegram.base_url == "http://bot-api:8081/bot"


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        (
            "PORT",
            "http",
            "BEZPIECZNY_PORT should be a valid integer, unable to parse string as an integer (it is 'http')",
        ),
        ("PORT", "70000", "BEZPIECZNY_PORT should be less than or equal to 65535 (it is '70000')"),
        ("LOG", "xml", "BEZPIECZNY_LOG should be 'auto', 'console' or 'json' (it is 'xml')"),
        ("CONTENT", "/nowhere", "BEZPIECZNY_CONTENT: path does not point to a directory (it is '/nowhere')"),
        (
            "PUBLIC_URL",
            "krakow.pl",
            "BEZPIECZNY_PUBLIC_URL should be an address that starts with https:// or http:// (it is 'krakow.pl')",
        ),
        ("TELEGRAM__RATE", "0", "BEZPIECZNY_TELEGRAM__RATE should be greater than 0 (it is '0')"),
        ("PROT", "1", "BEZPIECZNY_PROT: there is no such setting. Did you mean BEZPIECZNY_PORT?"),
        (
            "TELEGRAM_TOKEN",
            TOKEN,
            "BEZPIECZNY_TELEGRAM_TOKEN: there is no such setting. Did you mean BEZPIECZNY_TELEGRAM__TOKEN?",
        ),
        ("TELEGRAM", "{}", "BEZPIECZNY_TELEGRAM: there is no such setting. Did you mean BEZPIECZNY_TELEGRAM__RATE?"),
    ],
)
def test_a_broken_setting_is_named_with_what_is_wrong(name: str, value: str, message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load({f"BEZPIECZNY_{name}": value})
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("name", "value"),
    [("SECRET_KEY", "tooshort"), ("TELEGRAM__TOKEN", "bot 12:secret"), ("DATABASE_URL", "mysql://bot:secret@host/bot")],
)
def test_a_broken_secret_is_not_repeated(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load({f"BEZPIECZNY_{name}": value})
    assert str(caught.value).startswith(f"BEZPIECZNY_{name} should ")
    assert value not in str(caught.value)


def test_every_wrong_setting_is_told_at_once_in_one_line() -> None:
    with pytest.raises(SettingsError) as caught:
        load({"BEZPIECZNY_PORT": "x", "BEZPIECZNY_LOG": "y"})
    assert [part.split()[0] for part in str(caught.value).split("; ")] == ["BEZPIECZNY_PORT", "BEZPIECZNY_LOG"]
    assert "\n" not in str(caught.value)


def test_secrets_do_not_show() -> None:
    settings = load(
        {
            "BEZPIECZNY_TELEGRAM__TOKEN": TOKEN,
            "BEZPIECZNY_SECRET_KEY": "k" * 32,
            "BEZPIECZNY_DATABASE_URL": "postgresql://bot:hush@db/bot",
        }
    )
    shown = repr(settings) + str(settings) + settings.model_dump_json()
    assert TOKEN not in shown
    assert "k" * 32 not in shown
    assert "hush" not in shown


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Settings().port = 1  # type: ignore[misc] # that is the point


def test_the_table_has_a_row_for_each_setting_with_its_meaning() -> None:
    rows = settings_table().splitlines()[2:]
    assert len(rows) == len(describe()) > 10
    assert all(setting.meaning.endswith(".") for setting in describe())
    assert "| `BEZPIECZNY_TELEGRAM__RATE` | `25` | Messages a second to all chats together, at most. |" in rows


class TestSecret:
    def test_is_the_setting_when_there_is_one(self, tmp_path: Path) -> None:
        settings = Settings(data=tmp_path / "data", secret_key=SecretStr("s" * 40))
        assert load_secret(settings, lambda: KEY) == b"s" * 40
        assert not settings.data.exists()

    def test_is_made_once_and_kept_from_others(self, tmp_path: Path) -> None:
        settings = Settings(data=tmp_path / "data")
        first = load_secret(settings, lambda: KEY)
        assert load_secret(settings, lambda: b"x" * 32) == first
        file = settings.data / "secret.key"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert stat.S_IMODE(settings.data.stat().st_mode) == 0o700
        assert [path.name for path in settings.data.iterdir()] == ["secret.key"]

    def test_may_be_moved_from_the_file_to_the_environment(self, tmp_path: Path) -> None:
        settings = Settings(data=tmp_path)
        made = load_secret(settings, lambda: KEY)
        moved = load({"BEZPIECZNY_SECRET_KEY": (tmp_path / "secret.key").read_text().strip()})
        assert load_secret(moved, lambda: b"x" * 32) == made

    def test_of_a_process_that_was_faster_is_kept(self, tmp_path: Path) -> None:
        settings = Settings(data=tmp_path)

        def slow_key() -> bytes:
            (tmp_path / "secret.key").write_text("f" * 64)
            return KEY

        assert load_secret(settings, slow_key) == b"f" * 64

    def test_is_never_replaced_when_damaged(self, tmp_path: Path) -> None:
        (tmp_path / "secret.key").write_text("")
        with pytest.raises(SettingsError, match=r"secret\.key is damaged"):
            load_secret(Settings(data=tmp_path), lambda: KEY)


def test_a_data_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match=r"^BEZPIECZNY_DATA: .*/file/data cannot be used as a folder"):
        data_folder(Settings(data=tmp_path / "file" / "data"))
