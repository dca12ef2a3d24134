/** The text of one tab: CodeMirror with the system's dialect, names to complete, and what is wrong underlined. */
import { autocompletion, closeBrackets, closeBracketsKeymap, closeCompletion, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { sql } from "@codemirror/lang-sql";
import { bracketMatching } from "@codemirror/language";
import { setDiagnostics } from "@codemirror/lint";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { Compartment, EditorState, Prec } from "@codemirror/state";
import { drawSelection, EditorView, highlightActiveLine, highlightActiveLineGutter, keymap, lineNumbers } from "@codemirror/view";
import { useEffect, useRef } from "react";
import { codeTheme } from "@/components/code-theme.ts";
import { completeColumns } from "./complete.ts";
import { chosenStatement, dialectOf, offsetOf, type Chosen } from "./statement.ts";
import type { Checked, Schema } from "./use-console-data.ts";

interface Props {
  label: string;
  text: string;
  system: string;
  schema: Schema;
  chosen: Chosen | null;
  checked: Checked | undefined;
  onText: (text: string) => void;
  onChosen: (chosen: Chosen) => void;
  onRun: () => void;
}

export function SqlEditor({ label, text, system, schema, chosen, checked, onText, onChosen, onRun }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const language = useRef(new Compartment());
  const heard = useRef({ onText, onChosen, onRun, system, text });
  heard.current = { onText, onChosen, onRun, system, text };

  useEffect(() => {
    const parent = place.current;
    if (!parent) return undefined;
    const start = (view: EditorView) => {
      closeCompletion(view);
      heard.current.onRun();
      return true;
    };
    const tell = (state: EditorState) => heard.current.onChosen(chosenStatement(state, dialectOf(heard.current.system) !== null));
    const editor = new EditorView({
      parent,
      state: EditorState.create({
        doc: heard.current.text,
        selection: { anchor: heard.current.text.length },
        extensions: [
          lineNumbers(),
          history(),
          highlightActiveLine(),
          highlightActiveLineGutter(),
          drawSelection(),
          bracketMatching(),
          closeBrackets(),
          highlightSelectionMatches(),
          search({ top: true }),
          // Its icons are letters that few fonts have.
          autocompletion({ icons: false }),
          language.current.of([]),
          Prec.highest(keymap.of([{ key: "Mod-Enter", run: start }])),
          keymap.of([...closeBracketsKeymap, ...completionKeymap, ...searchKeymap, ...historyKeymap, ...defaultKeymap, indentWithTab]),
          EditorView.lineWrapping,
          EditorView.contentAttributes.of({ "aria-label": label, spellcheck: "false" }),
          codeTheme(),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) heard.current.onText(update.state.doc.toString());
            if (update.docChanged || update.selectionSet) tell(update.state);
          }),
        ],
      }),
    });
    view.current = editor;
    tell(editor.state);
    editor.focus();
    return () => {
      editor.destroy();
      view.current = null;
    };
  }, [label]);

  // A text that came from elsewhere: the history, or an address.
  useEffect(() => {
    const editor = view.current;
    if (editor && editor.state.doc.toString() !== text) {
      editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: text }, selection: { anchor: text.length } });
    }
  }, [text]);

  useEffect(() => {
    const dialect = dialectOf(system);
    const editor = view.current;
    const support = dialect
      ? [sql({ dialect, schema, upperCaseKeywords: true }), dialect.language.data.of({ autocomplete: completeColumns(schema) })]
      : [];
    editor?.dispatch({ effects: language.current.reconfigure(support) });
    if (editor) heard.current.onChosen(chosenStatement(editor.state, dialect !== null));
  }, [system, schema]);

  useEffect(() => {
    const editor = view.current;
    if (!editor) return;
    const problem = checked?.problem;
    if (!problem || !chosen || !problem.line) {
      editor.dispatch(setDiagnostics(editor.state, []));
      return;
    }
    const end = editor.state.doc.length;
    const from = Math.min(offsetOf(chosen, problem.line, problem.column ?? 1), end);
    const word = /^[\p{L}\p{N}_]+/u.exec(editor.state.sliceDoc(from, from + 100))?.[0].length ?? 1;
    const message = [problem.message, problem.hint].filter(Boolean).join("\n");
    editor.dispatch(setDiagnostics(editor.state, [{ from, to: Math.min(end, from + word), severity: "error", message }]));
  }, [checked, chosen]);

  return <div ref={place} className="console-text" />;
}
