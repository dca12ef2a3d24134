/** The editor of one workflow: kinds at the left, canvas in the middle, form and text at the right. */
import { useEffect } from "react";
import { useLocation, useParams } from "react-router";
import { Skeleton } from "@/components/empty.tsx";
import { Notice } from "@/components/notice.tsx";
import { Page } from "@/components/page.tsx";
import { useData } from "@/graphql/client.ts";
import { asProblem } from "@/graphql/problem.ts";
import { useWords } from "@/lib/language.ts";
import { useEditor } from "./document/store.ts";
import { Editor } from "./editor.tsx";
import { EditorWorkflow } from "./operations.ts";
import { words } from "./words.ts";

export function EditorPage() {
  const { name } = useParams();
  return name === undefined ? <NewEditor /> : <SavedEditor key={name} name={name} />;
}

/** What a new workflow begins with. */
export const BLANK = "name: new-workflow\nsteps: []\n";

function NewEditor() {
  const isOpen = useEditor((state) => state.saved === null && state.text !== "");
  const given = textOf(useLocation().state);
  useEffect(() => {
    const { saved, text, open, edit } = useEditor.getState();
    if (saved !== null || text === "") open(null, BLANK);
    // Undo leads back to what was there, a draft for example.
    if (given !== undefined) edit(given);
    return () => useEditor.getState().open(null, "");
  }, [given]);
  return isOpen ? <Editor /> : null;
}

/** A document that another page hands over. */
function textOf(state: unknown): string | undefined {
  if (typeof state !== "object" || state === null || !("text" in state)) return undefined;
  return typeof state.text === "string" ? state.text : undefined;
}

function SavedEditor({ name }: { name: string }) {
  const t = useWords(words);
  const { data, error } = useData(EditorWorkflow, { id: name }, { staleTime: 0, refetchOnWindowFocus: false });
  const isOpen = useEditor((state) => state.saved?.name === name);
  const workflow = data?.workflow;
  useEffect(() => {
    // Read again after a save, or after a while: what is being edited stays.
    if (!workflow || useEditor.getState().saved?.name === workflow.name) return;
    const { id, versionNumber, version } = workflow;
    useEditor.getState().open({ id, name: workflow.name, version: versionNumber, text: version.text }, version.text);
  }, [workflow]);
  useEffect(() => () => useEditor.setState({ saved: null, text: "" }), []);
  if (isOpen) return <Editor />;
  return (
    <Page crumbs={[{ label: t("workflows"), to: "/workflows" }, { label: name }]}>
      {error ? (
        <div className="bar">
          <div className="grow">
            <Notice problem={asProblem(error)} />
          </div>
        </div>
      ) : (
        <Skeleton rows={8} />
      )}
    </Page>
  );
}
