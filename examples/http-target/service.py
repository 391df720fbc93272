"""A help desk of a library, ten lines long. Like real services it fails now and then, on some questions always."""

from random import Random

from aiohttp import web

NOTES = {
    "open": "We open at nine and close at six.",
    "card": "A card is free and takes a minute at the desk.",
    "book": "You may keep a book for four weeks.",
    "fine": "A late book costs ten cents a day.",
    "print": "Printing costs five cents a page.",
}


async def ask(request: web.Request) -> web.Response:
    question = (await request.json())["question"].lower()
    luck = Random(question).random()
    if luck < 0.05:
        raise web.HTTPInternalServerError(text="the catalogue is being rebuilt")
    if luck < 0.25:
        return web.Response(text="<html>It works!</html>")
    found = [note for word, note in NOTES.items() if word in question]
    answer = f"{found[0]} [1]" if found else "I do not know."
    usage = {"input_tokens": len(question.split()), "output_tokens": len(answer.split())}
    return web.json_response({"answer": answer, "notes": found, "usage": usage})


app = web.Application()
app.router.add_post("/ask", ask)

if __name__ == "__main__":
    web.run_app(app, host="127.0.0.1", port=8099)
