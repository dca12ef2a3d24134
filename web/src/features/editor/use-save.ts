import { useCallback, useState } from "react";
import { useNavigate } from "react-router";
import { tell } from "@/components/toast.tsx";
import { queryClient, request } from "@/graphql/client.ts";
import { asProblem } from "@/graphql/problem.ts";
import { speak } from "@/lib/language.ts";
import { useEditor } from "./document/store.ts";
import { EditorWorkflow, SaveDocument } from "./operations.ts";
import type { Theirs } from "./panes/conflict-dialog.tsx";
import { words } from "./words.ts";

/** Saves the text as the newest version; asks first where somebody else saved one meanwhile. */
export function useSave() {
  const navigate = useNavigate();
  const [isSaving, setSaving] = useState(false);
  const [theirs, setTheirs] = useState<Theirs | null>(null);
  const save = useCallback(
    async (isAgreed = false): Promise<boolean> => {
      const t = speak(words);
      const { text, saved, markSaved, setProblems } = useEditor.getState();
      setSaving(true);
      try {
        if (saved && !isAgreed) {
          const { workflow } = await request(EditorWorkflow, { id: saved.id });
          if (workflow.versionNumber > saved.version && workflow.version.text !== text) {
            setTheirs({ id: workflow.id, name: workflow.name, version: workflow.versionNumber, text: workflow.version.text });
            return false;
          }
        }
        const { saveWorkflow } = await request(SaveDocument, { text });
        if (!saveWorkflow.workflow) {
          setProblems(saveWorkflow.problems);
          tell(t("notSaved", { n: saveWorkflow.problems.length }), { isBad: true });
          return false;
        }
        const { id, name, versionNumber } = saveWorkflow.workflow;
        markSaved({ id, name, version: versionNumber, text });
        setTheirs(null);
        tell(t("saved", { name, number: versionNumber }));
        await queryClient.invalidateQueries();
        if (saved?.name !== name) await navigate(`/workflows/${name}`, { replace: true });
        return true;
      } catch (error) {
        const problem = asProblem(error);
        // Whose session has ended is asked to sign in again, above the page.
        if (problem.code !== "unauthorized") tell(problem.message, { isBad: true });
        return false;
      } finally {
        setSaving(false);
      }
    },
    [navigate],
  );
  return { save, isSaving, theirs, dropTheirs: () => setTheirs(null) };
}
