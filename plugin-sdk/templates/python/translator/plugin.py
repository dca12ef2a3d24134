"""A translator: splits the text into statements and writes each in the other dialect, with a note on what may differ."""

from __future__ import annotations

from sluice_plugin import Host, Note, NoteLevel, PluginError, Statement, TranslateRequest, Translator

PAIRS = [("sqlite", "mysql")]


class Quotes(Translator):
    """The plugin."""

    def dialects(self, host: Host) -> list[tuple[str, str]]:
        return PAIRS

    def translate(self, host: Host, request: TranslateRequest) -> list[Statement]:
        if (request.source_dialect, request.target_dialect) not in PAIRS:
            raise PluginError.permanent(f"cannot translate `{request.source_dialect}` into `{request.target_dialect}`")
        statements, line = [], 1
        for text in request.sql.split(";"):
            begins = line + text[:len(text) - len(text.lstrip())].count("\n")
            line += text.count("\n")
            if text.strip():
                statements.append(translate_one(text.strip(), begins))
        return statements


def translate_one(text: str, line: int) -> Statement:
    """A text that has both kinds of quotes needs a real parser: it is refused by a note, never translated wrongly."""
    if "'" in text and '"' in text:
        message = "statements with both kinds of quotes are not translated"
        return Statement("", line, [Note(NoteLevel.ERROR, "quotes", message, line, 1)])
    notes = [Note(NoteLevel.INFO, "quotes", "names are quoted by backticks", line, 1)] if '"' in text else []
    return Statement(text.replace('"', "`"), line, notes)


translator = Quotes()
