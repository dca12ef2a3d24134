import { Button } from "@/components/button.tsx";
import { Dialog } from "@/components/dialog.tsx";
import { Notice } from "@/components/notice.tsx";
import { tell } from "@/components/toast.tsx";
import { useChange } from "@/graphql/client.ts";
import { asProblem } from "@/graphql/problem.ts";
import { useWords } from "@/lib/language.ts";
import { DeleteChannel } from "./operations.ts";
import { words } from "./words.ts";

/** Asks before a channel is deleted. */
export function DeleteDialog({ name, onClose }: { name: string; onClose: () => void }) {
  const t = useWords(words);
  const { mutate, isPending, error } = useChange(DeleteChannel, {
    onSuccess: () => {
      tell(t("deleted", { name }));
      onClose();
    },
  });
  return (
    <Dialog
      title={t("deleteTitle", { name })}
      closeLabel={t("close")}
      onClose={onClose}
      foot={
        <>
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button tone="danger" isBusy={isPending} onClick={() => mutate({ name })}>
            {t("deleteYes", { name })}
          </Button>
        </>
      }
    >
      <div className="stack">
        <p>{t("deleteText")}</p>
        {error && <Notice problem={asProblem(error)} />}
      </div>
    </Dialog>
  );
}
