"""The scenes: which function answers which action, and which one reads what was typed."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from bot.dialogue.scenes import (
    approval,
    ask,
    home,
    message,
    panel,
    privacy,
    question,
    quiz,
    settings,
    share,
    tip,
    workshop,
)
from bot.dialogue.turn import Turn
from bot.domain import actions as do
from bot.domain.actions import Action
from bot.domain.messages import Screen

Scene = Callable[[Turn, Any], Awaitable[Screen]]

SCENES: Mapping[type[Action], Scene] = {
    do.Welcome: home.welcome,
    do.Home: home.menu,
    do.Thanked: home.thanked,
    do.Help: home.help_,
    do.Numbers: home.numbers,
    do.Ask: ask.invite,
    do.Found: ask.found,
    do.Explain: home.explain,
    do.FromRun: message.pressed,
    do.Verify: message.verify,
    do.Panel: panel.way_in,
    do.LinkChat: panel.link_chat,
    do.ReadReview: approval.read,
    do.ApproveCampaign: approval.approve,
    do.Quizzes: quiz.areas,
    do.QuizArea: quiz.area,
    do.QuizAudiences: quiz.audiences,
    do.QuizIntro: quiz.intro,
    do.StartQuiz: quiz.start,
    do.StartMix: quiz.start_mix,
    do.StartLink: quiz.start_link,
    do.ShowQuestion: question.show,
    do.Answer: question.answer,
    do.ShowResult: question.result,
    do.RepeatMissed: quiz.repeat_missed,
    do.ShareQuiz: share.link,
    do.ShowLink: share.show,
    do.SharePoster: share.poster_,
    do.ShareTotals: share.totals,
    do.ShareWorksheet: share.worksheet_,
    do.NextTip: tip.next_,
    do.ShowTip: tip.show,
    do.TipTopics: tip.topics,
    do.RateTip: tip.rate,
    do.Workshops: workshop.listing,
    do.ShowWorkshop: workshop.details,
    do.Book: workshop.book,
    do.ShowBooking: workshop.show_booking,
    do.CorrectBooking: workshop.correct,
    do.ConfirmBooking: workshop.confirm,
    do.CancelBooking: workshop.cancel,
    do.MyBookings: workshop.mine,
    do.Settings: settings.overview,
    do.Languages: settings.languages,
    do.SetLanguage: settings.set_language,
    do.Topics: settings.topics,
    do.SetTopic: settings.set_topic,
    do.TipHours: settings.tip_hours,
    do.SetTipHour: settings.set_tip_hour,
    do.Districts: settings.districts,
    do.SetDistrict: settings.set_district,
    do.Ages: settings.ages,
    do.SetAge: settings.set_age,
    do.AnsweringWays: settings.answering_ways,
    do.SetAnswering: settings.set_answering,
    do.Consents: settings.consents,
    do.SetConsent: settings.set_consent,
    do.Privacy: privacy.notice,
    do.Export: privacy.export,
    do.Erase: privacy.erase,
}

TYPED: Mapping[str, Callable[[Turn, str, str], Awaitable[Screen | None]]] = {
    message.CODE: message.code_typed,
    workshop.NAME: workshop.name_typed,
    workshop.CONTACT: workshop.contact_typed,
}
"""`Screen.awaits` is one of these, a colon and what it is about; anything else that is typed, and what
these do not take (None), is a question."""
