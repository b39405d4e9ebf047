"""The environment, read once into one frozen model. Nothing else reads it.

The mapping is passed in, so a test builds settings from a dictionary, and never from the shell it happens to run in.
"""

import difflib
import os
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    DirectoryPath,
    Field,
    FilePath,
    SecretStr,
    model_validator,
)
from pydantic import ValidationError as PydanticValidationError
from pydantic.fields import FieldInfo

from bot.domain.errors import BotError

PREFIX = "BEZPIECZNY_"
NESTED = "__"
SECRET_LENGTH = 32
"""Characters a secret key has at least."""


class SettingsError(BotError):
    """A setting is wrong."""


def _address(value: str) -> str:
    if not re.fullmatch(r"https?://[^\s/]+\S*", value):
        raise ValueError("should be an address that starts with https:// or http://")
    return value.rstrip("/")


def _bot_api(value: str) -> str:
    """The library wants the part before the token; people know their server by its root."""
    return value if value.endswith("/bot") else f"{value}/bot"


def _database(value: SecretStr) -> SecretStr:
    if not re.match(r"(sqlite|postgresql)(\+\w+)?://", value.get_secret_value()):
        raise ValueError("should start with sqlite:/// or postgresql://")
    return value


def _token(value: SecretStr) -> SecretStr:
    if not re.fullmatch(r"[^\s/]+", value.get_secret_value()):
        raise ValueError("should be the token alone, without spaces or slashes")
    return value


def _secret(value: SecretStr) -> SecretStr:
    if len(value.get_secret_value()) < SECRET_LENGTH:
        raise ValueError(f"should have at least {SECRET_LENGTH} characters")
    return value


Address = Annotated[str, AfterValidator(_address)]
LogFormat = Literal["auto", "console", "json"]
LogLevel = Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(str.lower)]


class Telegram(BaseModel):
    """The Telegram channel; on when there is a token."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    token: Annotated[SecretStr, AfterValidator(_token)] | None = Field(
        None, description="The bot's token from @BotFather. Unset: Telegram is off."
    )
    base_url: Annotated[Address, AfterValidator(_bot_api)] = Field(
        "https://api.telegram.org/bot", description="The Bot API; a self-hosted server's address otherwise."
    )
    webhook_url: Address | None = Field(
        None, description="Where Telegram reaches this bot from outside. Unset: long polling."
    )
    rate: float = Field(25, gt=0, le=1000, description="Messages a second to all chats together, at most.")


class Matrix(BaseModel):
    """The Matrix channel; on when there is a homeserver."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    homeserver: Address | None = Field(
        None, description="The homeserver's address, such as `https://matrix.example.org`. Unset: Matrix is off."
    )
    user: str = Field(
        "", description="The bot's account there, `@bot:example.org` or `bot`.", json_schema_extra={"shown": "unset"}
    )
    password: SecretStr | None = Field(None, description="Its password; this or an access token.")
    access_token: Annotated[SecretStr, AfterValidator(_token)] | None = Field(
        None, description="An access token of a device that nobody else uses."
    )
    registration: FilePath | None = Field(
        None,
        description="The registration file of an application service, in place of password and token: "
        "for more than some 10,000 residents, in unencrypted rooms only.",
    )
    rate: float = Field(10, gt=0, le=1000, description="Messages a second to all rooms together, at most.")

    @property
    def name(self) -> str | None:
        """The bot's whole name, where it is on and the setting says it whole."""
        return self.user if self.homeserver and self.user.startswith("@") else None

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.homeserver and not (self.registration or self.access_token or (self.user and self.password)):
            raise ValueError(
                "BEZPIECZNY_MATRIX__HOMESERVER needs BEZPIECZNY_MATRIX__USER and BEZPIECZNY_MATRIX__PASSWORD, or "
                "BEZPIECZNY_MATRIX__ACCESS_TOKEN, or BEZPIECZNY_MATRIX__REGISTRATION"
            )
        return self


class Settings(BaseModel):
    """All there is to set."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    data: Path = Field(Path("data"), description="The folder of the database, the secret key and the backups.")
    database_url: Annotated[SecretStr, AfterValidator(_database)] = Field(
        default_factory=lambda known: SecretStr(f"sqlite:///{known['data'] / 'bezpieczny.sqlite3'}"),
        description="The database: `sqlite:///FILE` or `postgresql://USER:PASSWORD@HOST/NAME`.",
        json_schema_extra={"shown": "SQLite in the data folder"},
    )
    secret_key: Annotated[SecretStr, AfterValidator(_secret)] | None = Field(
        None,
        description="Encrypts names and contacts on bookings, signs sessions. "
        f"At least {SECRET_LENGTH} characters; keep a copy apart from the database's.",
        json_schema_extra={"shown": "made on the first run, kept in `secret.key` in the data folder"},
    )
    host: str = Field("127.0.0.1", description="The interface the web server listens on.")
    port: int = Field(8080, ge=0, le=65535, description="Its port.")
    public_url: Address = Field(
        default_factory=lambda known: f"http://127.0.0.1:{known.get('port', 8080)}",
        description="How residents reach the web server: links and QR codes begin with it.",
        json_schema_extra={"shown": "http://127.0.0.1:8080"},
    )
    content: DirectoryPath = Field(
        Path(__file__).resolve().parent.parent / "content",
        description="The folder of what the bot teaches.",
        json_schema_extra={"shown": "`content`, beside the code"},
    )
    log: LogFormat = Field(
        "auto", description="How the log is written: `console`, `json`, or `auto` (console on a terminal)."
    )
    log_level: LogLevel = Field("info", description="`debug`, `info`, `warning` or `error`.")
    telegram: Telegram = Telegram()
    matrix: Matrix = Matrix()

    @property
    def is_sqlite(self) -> bool:
        """Whether the database is a file, which one process has to itself."""
        return self.database_url.get_secret_value().startswith("sqlite")

    @property
    def rates(self) -> dict[str, float]:
        """The channels that can be written to and are on, and how many messages a second each may send."""
        telegram = {"telegram": self.telegram.rate} if self.telegram.token else {}
        return telegram | ({"matrix": self.matrix.rate} if self.matrix.homeserver else {})


class Setting(NamedTuple):
    """One environment variable, for people: its name, its default in words, and what it is for."""

    name: str
    default: str
    meaning: str


def _variables(model: type[BaseModel], prefix: str = PREFIX) -> Iterator[tuple[str, FieldInfo]]:
    for field_name, field in model.model_fields.items():
        name = prefix + field_name.upper()
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _variables(field.annotation, name + NESTED)
        else:
            yield name, field


def describe() -> tuple[Setting, ...]:
    """Every setting, in the order of the model."""
    return tuple(Setting(name, _shown(field), field.description or "") for name, field in _variables(Settings))


def _shown(field: FieldInfo) -> str:
    if isinstance(field.json_schema_extra, dict):
        return str(field.json_schema_extra["shown"])
    return "unset" if field.default is None else f"`{field.default}`"


def settings_table() -> str:
    """The settings as a Markdown table, as README.md shows it."""
    rows = ["| Variable | Default | Meaning |", "|---|---|---|"]
    rows += [f"| `{setting.name}` | {setting.default} | {setting.meaning} |" for setting in describe()]
    return "\n".join(rows)


def from_environment() -> Settings:
    """The settings of this process. Raises SettingsError, in one line, that names the variable."""
    return load(os.environ)  # noqa: TID251 - the one place that reads it


def load(environ: Mapping[str, str]) -> Settings:
    """The settings in `environ`; an empty variable counts as unset. Raises SettingsError that names the variable."""
    given = {name: value for name, value in environ.items() if name.startswith(PREFIX) and value}
    _refuse_unknown(given)
    try:
        return Settings.model_validate(_nest(given))
    except PydanticValidationError as error:
        problems = [problem for problem in error.errors() if problem["type"] != "default_factory_not_called"]
        raise SettingsError("; ".join(_explain(problem) for problem in problems)) from None


def _refuse_unknown(given: Mapping[str, str]) -> None:
    """A misspelt variable that is passed over in silence costs an evening."""
    known = [name for name, _ in _variables(Settings)]
    for name in sorted(given.keys() - set(known)):
        nearest = difflib.get_close_matches(name, known, n=1, cutoff=0.0)[0]
        raise SettingsError(f"{name}: there is no such setting. Did you mean {nearest}?")


def _nest(given: Mapping[str, str]) -> dict[str, Any]:
    nested: dict[str, Any] = {}
    for name, value in given.items():
        *groups, last = name.removeprefix(PREFIX).lower().split(NESTED)
        place = nested
        for group in groups:
            place = place.setdefault(group, {})
        place[last] = value
    return nested


def _explain(problem: Any) -> str:
    """One problem of pydantic's in a line: `BEZPIECZNY_PORT should be a valid integer … (it is 'http')`."""
    name = PREFIX + NESTED.join(str(part) for part in problem["loc"]).upper()
    message = problem["msg"].removeprefix("Value error, ").removeprefix("Input ")
    if isinstance(problem["input"], dict):  # of several variables together, which the message names; one may be secret
        return str(message)
    message = message[0].lower() + message[1:]
    joined = f"{name} {message}" if message.startswith("should") else f"{name}: {message}"
    hidden = isinstance(problem["input"], SecretStr) or _is_secret(name)
    return joined if hidden else f"{joined} (it is {problem['input']!r})"


def _is_secret(name: str) -> bool:
    return any("SecretStr" in repr(field.annotation) for known, field in _variables(Settings) if known == name)


def data_folder(settings: Settings) -> Path:
    """The data folder, made if it was not there, closed to other users of the machine. Raises SettingsError."""
    try:
        settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(f"{PREFIX}DATA: {settings.data} cannot be used as a folder: {error.strerror}") from error
    return settings.data


def load_secret(settings: Settings, new_key: Callable[[], bytes]) -> bytes:
    """The secret key: the setting, or else the key in `secret.key`, written on the first run from `new_key`.

    The file holds the key as the variable would, so it may be moved there. Raises SettingsError.
    """
    if settings.secret_key:
        return settings.secret_key.get_secret_value().encode()
    path = data_folder(settings) / "secret.key"
    try:
        if not path.exists():
            _write_key(path, new_key())
        key = path.read_bytes().strip()
    except OSError as error:
        raise SettingsError(f"{PREFIX}SECRET_KEY is unset and {path} cannot be used: {error.strerror}") from error
    if len(key) < SECRET_LENGTH:
        raise SettingsError(f"{path} is damaged: a key has at least {SECRET_LENGTH} characters. Put its copy back.")
    return key


def _write_key(path: Path, key: bytes) -> None:
    """Write whole or not at all, and never over a key that another process has just written."""
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=".secret-")  # mode 0600
    try:
        with os.fdopen(handle, "w") as file:
            file.write(key.hex() + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            return
    finally:
        Path(draft).unlink()
