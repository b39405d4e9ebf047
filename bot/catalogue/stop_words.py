"""Words that ask without saying about what; the search does not look for them."""

from collections.abc import Mapping

from bot.catalogue.stems import fold

_POLISH = """
    a aby ale albo bardzo bo by być był była byłam byłem chcę co coś czy czym dla do dzień dobry cześć dziękuję dzięki
    gdy gdzie go godzina godzinie hej i ich ile ja jak jaka jaki jakie jakiś jego jej jest jestem jeśli jeżeli już kiedy
    kto ktoś która które który ma mam masz mi mnie mogę moim moj moja moje mojej mojego mój może można musze muszę mu na
    nad nam o od on ona oni oraz po pod powinienem powinnam powinno proszę przepis przepisy przy robić robi robię się są
    słychać sobie swoj swój ta tak taki tam te tego tej temu teraz ten to trzeba tu tutaj ty u w we wiem witam z za ze
    żeby zrobić
"""
_UKRAINIAN = """
    а або але б би бо був була будь в ви від вже ви година де день для до добрий дуже дякую є ж за зараз з зі зробити і
    й його її їх коли ласка ли мене мені мій ми можна можу моя моє на над нам не о привіт при про робити свій скільки та
    так там тепер ти то треба ту тут у хто хтось це цей ця ці чи що щоб щось я як яка який які якщо
"""
_ENGLISH = """
    a about am an and are as at be but by can could did do does for from get has have he hello her hi him his how i if
    im in is it its me my now of on or our please should she so someone somebody something thank thanks than that the
    their them then there they this to was we were what when where which who will with would you your
"""

STOP_WORDS: Mapping[str, frozenset[str]] = {
    code: frozenset(map(fold, words.split())) for code, words in (("pl", _POLISH), ("uk", _UKRAINIAN), ("en", _ENGLISH))
}
"""Language → its words, folded. A word of one language can be a good word of another: "but" is a Polish shoe."""
