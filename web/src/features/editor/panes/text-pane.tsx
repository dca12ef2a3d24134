/** The document as YAML, beside the canvas: what changes in one shows in the other at once. */
import { autocompletion, closeBrackets, completionKeymap, type CompletionContext, type CompletionResult } from "@codemirror/autocomplete";
import { defaultKeymap, indentWithTab } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import { foldGutter, indentOnInput, bracketMatching } from "@codemirror/language";
import { setDiagnostics, type Diagnostic } from "@codemirror/lint";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { Annotation, EditorState, StateEffect, StateField, type Text } from "@codemirror/state";
import { Decoration, drawSelection, EditorView, highlightActiveLine, highlightActiveLineGutter, keymap, lineNumbers } from "@codemirror/view";
import { useEffect, useRef } from "react";
import { codeTheme } from "@/components/code-theme.ts";
import type { ProblemView } from "@/graphql/problem.ts";
import type { StepView } from "../document/read.ts";
import { useEditor } from "../document/store.ts";
import type { Kinds } from "../graph/graph.ts";

/** Marks changes that come from the store, so that they are not handed back to it. */
const FromStore = Annotation.define<boolean>();
const showSteps = StateEffect.define<readonly { from: number; to: number }[]>();
const stepLine = Decoration.line({ class: "cm-step" });

const stepMarks = StateField.define({
  create: () => Decoration.none,
  update: (marks, transaction) => {
    let next = marks.map(transaction.changes);
    for (const effect of transaction.effects) {
      if (!effect.is(showSteps)) continue;
      const lines = effect.value.flatMap(({ from, to }) => Array.from({ length: to - from + 1 }, (_, at) => from + at));
      const { doc } = transaction.state;
      const inside = [...new Set(lines)].filter((line) => line >= 1 && line <= doc.lines).sort((a, b) => a - b);
      next = Decoration.set(inside.map((line) => stepLine.range(doc.line(line).from)));
    }
    return next;
  },
  provide: (field) => EditorView.decorations.from(field),
});

type Lines = Pick<StepView, "key" | "firstLine" | "lastLine">;

interface Props {
  steps: readonly StepView[];
  /** Notes and frames: they are selected with their lines, too. */
  drawn: readonly Lines[];
  kinds: Kinds;
  connections: readonly string[];
  label: string;
}

export function TextPane({ steps, drawn, kinds, connections, label }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const known = useRef({ steps, drawn, kinds, connections });
  known.current = { steps, drawn, kinds, connections };
  const { text, selected, problems } = useEditor();

  useEffect(() => {
    const parent = place.current;
    if (!parent) return undefined;
    const editor = new EditorView({
      parent,
      state: EditorState.create({
        doc: useEditor.getState().text,
        extensions: [
          lineNumbers(),
          foldGutter(),
          highlightActiveLine(),
          highlightActiveLineGutter(),
          drawSelection(),
          indentOnInput(),
          bracketMatching(),
          closeBrackets(),
          highlightSelectionMatches(),
          search({ top: true }),
          yaml(),
          stepMarks,
          autocompletion({ icons: false, override: [(context) => complete(context, known.current)] }),
          // Undo and redo are the document's own, whichever view made the change.
          keymap.of([...completionKeymap, ...searchKeymap, ...defaultKeymap, indentWithTab]),
          EditorView.contentAttributes.of({ "aria-label": label, spellcheck: "false", tabindex: "0" }),
          codeTheme(),
          EditorView.updateListener.of((update) => {
            const isOwn = update.transactions.some((transaction) => transaction.annotation(FromStore));
            if (update.docChanged && !isOwn) useEditor.getState().edit(update.state.doc.toString(), "typing");
            if (update.selectionSet && !isOwn && update.view.hasFocus) {
              const line = update.state.doc.lineAt(update.state.selection.main.head).number;
              // The steps of the text before this very change may lie a line off; the next move of the cursor mends it.
              const step = [...known.current.steps, ...known.current.drawn].find((one) => one.firstLine <= line && line <= one.lastLine);
              if (step) useEditor.getState().select([step.key]);
            }
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
    if (!editor) return;
    const old = editor.state.doc.toString();
    if (old !== text) editor.dispatch({ changes: smallestChange(old, text), annotations: FromStore.of(true) });
  }, [text]);

  useEffect(() => {
    const editor = view.current;
    if (!editor) return;
    const chosen = [...steps, ...drawn].filter((step) => selected.includes(step.key));
    const marks = chosen.map((step) => ({ from: step.firstLine, to: step.lastLine }));
    const effects: StateEffect<unknown>[] = [showSteps.of(marks)];
    const [only] = chosen;
    if (chosen.length === 1 && only && !editor.hasFocus && only.firstLine <= editor.state.doc.lines) {
      effects.push(EditorView.scrollIntoView(editor.state.doc.line(only.firstLine).from, { y: "start", yMargin: 40 }));
    }
    editor.dispatch({ effects });
  }, [selected, steps, drawn]);

  useEffect(() => {
    const editor = view.current;
    if (editor) editor.dispatch(setDiagnostics(editor.state, problems.map((problem) => toDiagnostic(problem, editor.state.doc))));
  }, [problems]);

  return <div ref={place} className="text-pane" />;
}

function toDiagnostic(problem: ProblemView, doc: Text): Diagnostic {
  const line = doc.line(Math.min(Math.max(1, problem.line ?? 1), doc.lines));
  const from = Math.min(line.to, line.from + Math.max(0, (problem.column ?? 1) - 1));
  const word = /^[^\s,}\]]+/.exec(doc.sliceString(from, line.to))?.[0].length ?? 0;
  return {
    from,
    to: Math.min(line.to, from + Math.max(1, word)),
    severity: "error",
    message: [problem.message, problem.hint].filter(Boolean).join("\n"),
  };
}

/** The one stretch in which two texts differ, so that the cursor stays where it is. */
export function smallestChange(before: string, after: string): { from: number; to: number; insert: string } {
  let from = 0;
  const least = Math.min(before.length, after.length);
  while (from < least && before[from] === after[from]) from++;
  let end = 0;
  while (end < least - from && before[before.length - 1 - end] === after[after.length - 1 - end]) end++;
  return { from, to: before.length - end, insert: after.slice(from, after.length - end) };
}

/** What may stand here: kinds after `uses`, steps and ports after `from` and `needs`, connections after `connection`. */
function complete(context: CompletionContext, known: { steps: readonly StepView[]; kinds: Kinds; connections: readonly string[] }): CompletionResult | null {
  const line = context.state.doc.lineAt(context.pos);
  const before = line.text.slice(0, context.pos - line.from);
  const word = /[\w./-]*$/.exec(before)?.[0] ?? "";
  const key = /(\w+):\s*\[?(?:[\w./-]+,\s*)*[\w./-]*$/.exec(before)?.[1];
  const answer = (options: { label: string; detail?: string; info?: string }[]): CompletionResult => ({ from: context.pos - word.length, options });
  switch (key) {
    case "uses":
      return answer([...known.kinds.values()].map((kind) => ({ label: kind.name, info: kind.summary })));
    case "from":
      return answer(
        known.steps.flatMap((step) => {
          const ports = known.kinds.get(step.uses)?.ports ?? [];
          return ports.map((port, at) => ({ label: at === 0 ? step.key : `${step.key}.${port}`, detail: port }));
        }),
      );
    case "needs":
      return answer(known.steps.map((step) => ({ label: step.key, detail: step.uses })));
    case "connection":
      return answer(known.connections.map((label) => ({ label })));
    default: {
      if (!context.explicit && word.length < 2) return null;
      const step = known.steps.find((one) => one.firstLine <= line.number && line.number <= one.lastLine);
      const properties = step ? known.kinds.get(step.uses)?.schema.properties : undefined;
      if (!properties || !/(?:^|[{,]|\s)[\w]*$/.test(before)) return null;
      return answer(Object.entries(properties).map(([label, property]) => ({ label, info: property.description })));
    }
  }
}
