/** A text of YAML that one writes, with what is wrong underlined. */
import { autocompletion, closeBrackets, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import { bracketMatching, foldGutter, indentOnInput } from "@codemirror/language";
import { setDiagnostics, type Diagnostic } from "@codemirror/lint";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { EditorState, Prec } from "@codemirror/state";
import { drawSelection, EditorView, highlightActiveLine, highlightActiveLineGutter, keymap, lineNumbers } from "@codemirror/view";
import { useEffect, useRef } from "react";
import { codeTheme } from "./code-theme.ts";

export interface CodeProblem {
  message: string;
  hint?: string | null;
  /** From 1; without, it concerns the whole text. */
  line?: number | null;
  column?: number | null;
}

interface Props {
  label: string;
  text: string;
  problems: readonly CodeProblem[];
  onText: (text: string) => void;
  /** What Ctrl+Enter does. */
  onEnter?: () => void;
}

export function CodeEditor({ label, text, problems, onText, onEnter }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const heard = useRef({ text, onText, onEnter });
  heard.current = { text, onText, onEnter };

  useEffect(() => {
    const parent = place.current;
    if (!parent) return undefined;
    const enter = () => {
      heard.current.onEnter?.();
      return heard.current.onEnter !== undefined;
    };
    const editor = new EditorView({
      parent,
      state: EditorState.create({
        doc: heard.current.text,
        extensions: [
          lineNumbers(),
          foldGutter(),
          history(),
          highlightActiveLine(),
          highlightActiveLineGutter(),
          drawSelection(),
          indentOnInput(),
          bracketMatching(),
          closeBrackets(),
          highlightSelectionMatches(),
          search({ top: true }),
          yaml(),
          autocompletion({ icons: false }),
          Prec.highest(keymap.of([{ key: "Mod-Enter", run: enter }])),
          keymap.of([...completionKeymap, ...searchKeymap, ...historyKeymap, ...defaultKeymap, indentWithTab]),
          EditorView.contentAttributes.of({ "aria-label": label, spellcheck: "false", tabindex: "0" }),
          codeTheme(),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) heard.current.onText(update.state.doc.toString());
          }),
        ],
      }),
    });
    view.current = editor;
    return () => {
      editor.destroy();
      view.current = null;
    };
  }, [label]);

  useEffect(() => {
    const editor = view.current;
    if (!editor || editor.state.doc.toString() === text) return;
    editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: text } });
  }, [text]);

  useEffect(() => {
    const editor = view.current;
    if (!editor) return;
    const { doc } = editor.state;
    const marks = problems.flatMap((problem): Diagnostic[] => {
      if (!problem.line || problem.line > doc.lines) return [];
      const line = doc.line(problem.line);
      const from = Math.min(line.from + Math.max(0, (problem.column ?? 1) - 1), line.to);
      return [{ from, to: Math.max(line.to, from), severity: "error", message: [problem.message, problem.hint].filter(Boolean).join("\n") }];
    });
    editor.dispatch(setDiagnostics(editor.state, marks));
  }, [problems]);

  return <div ref={place} className="code-editor" style={{ height: "100%", minHeight: 0 }} />;
}
