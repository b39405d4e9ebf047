"""What is kept, the export of all of it, and the end of all of it."""

import json

from bot.dialogue.scenes.parts import MENU, button
from bot.dialogue.turn import Turn
from bot.domain import actions as do
from bot.domain.messages import File, Plain, Screen, say
from bot.domain.residents import Writable
from bot.services import privacy as service
from bot.services.support_code import code_for


async def notice(turn: Turn, action: do.Privacy) -> Screen:  # noqa: ARG001 - every scene takes its action
    """Who runs this, what is kept, why, for how long, and how to end it."""
    there = (say("matrix.privacy"),) if turn.resident.address.channel == Writable.MATRIX else ()
    return Screen(
        blocks=(say("privacy.notice", operator=Plain(turn.library.programme.operator)), *there),
        rows=((button("privacy.export", do.Export()), button("privacy.erase", do.Erase())), MENU),
    )


async def export(turn: Turn, action: do.Export) -> Screen:  # noqa: ARG001 - every scene takes its action
    """Everything kept about this resident, as a file, and the code by which staff can find them."""
    kept = await service.export(turn.conn, turn.tools.vault, turn.resident, turn.now)
    content = json.dumps(kept, ensure_ascii=False, indent=2).encode()
    return Screen(
        blocks=(say("privacy.exported"), say("privacy.code", code=code_for(turn.tools.vault, turn.resident))),
        rows=((button("privacy.erase", do.Erase()),), MENU),
        file=File("bezpieczny-krakow.json", content, "application/json"),
        replaces=False,
    )


async def erase(turn: Turn, action: do.Erase) -> Screen:
    """Forget this resident, once it is sure."""
    if not action.sure:
        return Screen(
            blocks=(say("privacy.sure"),),
            rows=((button("privacy.erase_yes", do.Erase(sure=True)), button("privacy.erase_no", do.Home())),),
        )
    await service.erase(turn.conn, turn.resident)
    turn.forgotten = True
    return Screen(blocks=(say("privacy.erased"),), rows=((button("privacy.begin_again", do.Welcome()),),))
