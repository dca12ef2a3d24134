import { Button } from "@/components/button.tsx";
import { Dialog } from "@/components/dialog.tsx";
import { Notice } from "@/components/notice.tsx";
import { tell } from "@/components/toast.tsx";
import { useChange, useData } from "@/graphql/client.ts";
import { asProblem } from "@/graphql/problem.ts";
import { useWords } from "@/lib/language.ts";
import { ConnectionUse, DeleteConnection } from "./operations.ts";
import { words } from "./words.ts";

/** Asks before a connection is deleted, and names the workflows that would miss it. */
export function DeleteDialog({ name, onClose, onDeleted }: { name: string; onClose: () => void; onDeleted?: () => void }) {
  const t = useWords(words);
  const { data } = useData(ConnectionUse, { name });
  const users = data?.connection.workflows.nodes ?? [];
  const { mutate, isPending, error } = useChange(DeleteConnection, {
    onSuccess: () => {
      tell(t("deleted", { name }));
      onClose();
      onDeleted?.();
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
          <Button
            tone="danger"
            isBusy={isPending}
            // Until it is known who uses it, nothing can be forced.
            disabled={!data}
            onClick={() => mutate({ name, force: users.length > 0 })}
          >
            {t(users.length > 0 ? "deleteAnyway" : "deleteYes", { name })}
          </Button>
        </>
      }
    >
      <div className="stack">
        <p>{t("deleteText")}</p>
        {users.length > 0 && (
          <div>
            <p>{t("usedBy", { n: users.length })}</p>
            <ul className="connection-users">
              {users.map((user) => (
                <li key={user} className="mono">
                  {user}
                </li>
              ))}
            </ul>
          </div>
        )}
        {error && <Notice problem={asProblem(error)} />}
      </div>
    </Dialog>
  );
}
