"""What staff write in files, for the command line."""

WORKSHOP = """
area: everyday
title: {pl: Pierwsza pomoc w parku, uk: Перша допомога в парку, en: First aid in the park}
about: {pl: Ćwiczymy resuscytację., uk: Тренуємо реанімацію., en: We practise resuscitation.}
place: Park Jordana (przykład)
district: 5
starts: "2030-05-11 10:00"
ends: "2030-05-11 12:00"
capacity: 2
"""
_ALERT = """
id: wichura
kind: alert
title: {pl: Wichura, uk: Буревій, en: Gale}
text:
  pl: "**Dziś wieczorem wichura.** Zamknij okna, zdejmij donice z balkonu."
  uk: "**Сьогодні ввечері буревій.** Зачиніть вікна, заберіть горщики з балкона."
  en: "**A gale tonight.** Close the windows, bring flower pots in."
buttons:
  - BUTTON
"""


def alert(button: str) -> str:
    """An alert whose one button leads to something in the library: `tip: czujka`."""
    return _ALERT.replace("BUTTON", button)
