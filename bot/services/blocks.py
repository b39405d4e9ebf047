"""Content as paragraphs: the same whether it was asked for or is sent unasked."""

from collections.abc import Sequence

from bot.catalogue.schema import Source, Tip
from bot.domain.messages import Block, Markdown, Phrase, Plain, say
from bot.domain.workshops import Workshop


def source_line(source: Source) -> Phrase:
    """Where a claim can be checked."""
    title, publisher, url = (Plain({"pl": text}) for text in (source.title, source.publisher, str(source.url)))
    return say("source", title=title, publisher=publisher, url=url)


def numbered(lines: Sequence[dict[str, str]]) -> list[Block]:
    """Lines with their numbers, close together as one paragraph; nothing if there are none."""
    return together([say("step", number=place, text=Plain(line)) for place, line in enumerate(lines, start=1)])


def together(lines: Sequence[Block]) -> list[Block]:
    """Lines as one paragraph."""
    if not lines:
        return []
    joined = lines[0]
    for line in lines[1:]:
        joined = say("lines", first=joined, second=line)
    return [joined]


def tip_blocks(tip: Tip) -> list[Block]:
    """A tip's words. A card begins with the number to call, unless its first sentence says it, and has its steps."""
    blocks: list[Block] = [say("tip.title", title=Plain(tip.title))]
    if tip.call and tip.call not in tip.text["pl"]:
        blocks.append(say("card.call", number=Plain({"pl": tip.call})))
    return [*blocks, Markdown(tip.text), *numbered(tip.steps), source_line(tip.source)]


def workshop_details(workshop: Workshop) -> Phrase:
    """What, when and where."""
    return say(
        "workshop.details",
        title=Plain(workshop.title),
        about=Plain(workshop.about),
        starts=workshop.starts_at,
        place=workshop.place,
    )
