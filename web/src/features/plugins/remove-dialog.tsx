import { Button } from "@/components/button.tsx";
import { Dialog } from "@/components/dialog.tsx";
import { Notice } from "@/components/notice.tsx";
import { tell } from "@/components/toast.tsx";
import { useChange } from "@/graphql/client.ts";
import { asProblem } from "@/graphql/problem.ts";
import { useWords } from "@/lib/language.ts";
import { RemovePlugin } from "./operations.ts";
import { words } from "./words.ts";

/** Asks before a plugin, or one version of it (`name@1.2.3`), goes. */
export function RemoveDialog({ name, onClose, onRemoved }: { name: string; onClose: () => void; onRemoved: () => void }) {
  const t = useWords(words);
  const { mutate, isPending, error } = useChange(RemovePlugin, {
    onSuccess: () => {
      tell(t("removed", { name }));
      onClose();
      onRemoved();
    },
  });
  return (
    <Dialog
      title={t("removeTitle", { name })}
      closeLabel={t("close")}
      onClose={onClose}
      foot={
        <>
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button tone="danger" isBusy={isPending} onClick={() => mutate({ name })}>
            {t("removeYes", { name })}
          </Button>
        </>
      }
    >
      <div className="stack">
        <p>{t(name.includes("@") ? "removeVersionText" : "removeText")}</p>
        {error && <Notice problem={asProblem(error)} />}
      </div>
    </Dialog>
  );
}
