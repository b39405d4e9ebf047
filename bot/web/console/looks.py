"""How the console looks: templates with words, numbers and dates in the member's language."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from markupsafe import Markup

from bot.catalogue.words import Words
from bot.channels.web.markup import to_html
from bot.domain.areas import Area
from bot.domain.messages import Plain, say
from bot.web.assets import Assets
from bot.web.console.house import House
from bot.web.console.menu import entries
from bot.web.console.visit import Visit
from bot.web.templating import environment


class Looks:
    """Makes pages and fragments."""

    def __init__(self, house: House, assets: Assets) -> None:
        self._house = house
        self._assets = assets
        self._templates = environment()

    @property
    def words(self) -> Words:
        """The words of this moment."""
        return self._house.library.words

    def say(self, language: str, key: str, **params: Any) -> str:
        """Words as plain text."""
        return self.words.label(say(key, **params), language)

    def rich(self, language: str, key: str, **params: Any) -> Markup:
        """Words with their markup, as HTML."""
        return to_html(self.words.markdown(say(key, **params), language))

    def problem(self, language: str, error: Exception) -> str:
        """What a service refused: `problem.<its class>` if there are such words, or as it says it itself."""
        for cause in type(error).__mro__:
            if self.words.has(key := f"problem.{cause.__name__}"):
                return self.say(language, key, detail=str(getattr(error, "detail", "")))
        return str(error)

    def render(self, template: str, visit: Visit, context: Mapping[str, Any]) -> str:
        """A template of `templates/console`, with all that templates may say."""
        own = {**self._spoken(visit), **self._placed(visit)}
        if taken := own.keys() & context.keys():
            raise ValueError(f"{template}: {', '.join(sorted(taken))} mean something in every template; rename yours")
        return self._templates.get_template(f"console/{template}").render({**own, "trouble": None, **context})

    def _spoken(self, visit: Visit) -> dict[str, Any]:
        language, words = visit.language, self.words
        return {
            "say": partial(self.say, language),
            "rich": partial(self.rich, language),
            "text_of": lambda texts: words.label(Plain(texts), language),
            "markdown": to_html,
            "number": partial(words.number, language=language),
            "percent": partial(words.percent, language=language),
            "day": partial(words.day, language=language),
            "moment": partial(words.moment, language=language),
            "time": words.time,
            "language_name": words.language_name,
            "languages": words.languages,
            "area_name": lambda area: words.label(
                Plain(self._house.library.programme.areas[Area(area)].name), language
            ),
            "district_name": self._district_name,
        }

    def _district_name(self, number: int) -> str:
        names = (one.name for one in self._house.library.programme.districts if one.number == number)
        return next(names, str(number))

    def _placed(self, visit: Visit) -> dict[str, Any]:
        done = visit.query.get("done", "")
        key = f"console.done.{done}"
        return {
            "visit": visit,
            "may": visit.may,
            "here": visit.request.url.path,
            "asset": self._assets.url,
            "menu": entries(visit),
            "told": self.say(visit.language, key) if done and self.words.has(key) else "",
            "new_key": self._house.new_token,
            "district_numbers": tuple(one.number for one in self._house.library.programme.districts),
        }
