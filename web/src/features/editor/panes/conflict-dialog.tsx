import { Button } from "@/components/button.tsx";
import { Dialog } from "@/components/dialog.tsx";
import { TextDiff } from "@/components/text-diff.tsx";
import { useWords } from "@/lib/language.ts";
import { useEditor } from "../document/store.ts";
import { words } from "../words.ts";

export interface Theirs {
  id: string;
  name: string;
  version: number;
  text: string;
}

/** Two people edited one workflow: shows what saving would change in the other's version. */
export function ConflictDialog({ theirs, onOverwrite, onClose }: { theirs: Theirs; onOverwrite: () => void; onClose: () => void }) {
  const t = useWords(words);
  const { saved, text, edit, markSaved } = useEditor();
  return (
    <Dialog
      title={t("conflict", { number: theirs.version })}
      description={t("conflictText", { base: saved?.version ?? 0 })}
      closeLabel={t("close")}
      onClose={onClose}
      width={720}
      foot={
        <>
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button
            onClick={() => {
              edit(theirs.text);
              markSaved(theirs);
              onClose();
            }}
          >
            {t("takeTheirs")}
          </Button>
          <Button tone="danger" onClick={onOverwrite}>
            {t("overwrite")}
          </Button>
        </>
      }
    >
      <TextDiff before={theirs.text} after={text} label={t("versions")} />
    </Dialog>
  );
}
