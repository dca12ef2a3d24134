import { Download, Ellipsis, History, Pencil, Play, Trash2 } from "lucide-react";
import { useState } from "react";
import { useNavigate } from "react-router";
import { Button } from "@/components/button.tsx";
import { Dialog } from "@/components/dialog.tsx";
import { IconButton } from "@/components/icon-button.tsx";
import { Menu, MenuItem, MenuLine } from "@/components/menu.tsx";
import { tell } from "@/components/toast.tsx";
import { request, useChange } from "@/graphql/client.ts";
import type { WorkflowRowFragment } from "@/graphql/generated/graphql.ts";
import { May } from "@/graphql/may.tsx";
import { asProblem } from "@/graphql/problem.ts";
import { download } from "@/lib/download.ts";
import { useWords } from "@/lib/language.ts";
import { DeleteWorkflow, StartRunNow, WorkflowText } from "./operations.ts";
import { words } from "./words.ts";

/** What can be done with one workflow of the list. */
export function RowActions({ workflow }: { workflow: WorkflowRowFragment }) {
  const t = useWords(words);
  const navigate = useNavigate();
  const [isDeleting, setDeleting] = useState(false);
  const { name } = workflow;
  const start = useChange(StartRunNow, {
    onSuccess: ({ startRun }) =>
      tell(t("started", { name }), { action: { label: t("look"), perform: () => void navigate(`/runs/${startRun.id}`) } }),
    onError: (error) => {
      // An input is missing: the editor asks for it.
      if (asProblem(error).code === "invalid_input") void navigate(`/workflows/${name}?run=1`);
      else tell(error.message, { isBad: true });
    },
  });
  const save = async () => {
    try {
      const { workflow: found } = await request(WorkflowText, { id: workflow.id });
      download(`${name}.yaml`, found.version.text, "application/yaml");
    } catch (error) {
      tell(asProblem(error).message, { isBad: true });
    }
  };
  return (
    <>
      <May ask="startRun">
        <IconButton
          icon={Play}
          label={t("run", { name })}
          disabled={start.isPending}
          onClick={() => start.mutate({ workflow: workflow.id })}
        />
      </May>
      <Menu trigger={<IconButton icon={Ellipsis} label={t("more", { name })} />}>
        <MenuItem icon={Pencil} onSelect={() => void navigate(`/workflows/${name}`)}>
          {t("open")}
        </MenuItem>
        <MenuItem icon={History} onSelect={() => void navigate(`/runs?workflow=${name}`)}>
          {t("history")}
        </MenuItem>
        <MenuItem icon={Download} onSelect={() => void save()}>
          {t("export")}
        </MenuItem>
        <MenuLine />
        <May ask="deleteWorkflow">
          <MenuItem icon={Trash2} isDanger onSelect={() => setDeleting(true)}>
            {t("delete")}
          </MenuItem>
        </May>
      </Menu>
      {isDeleting && <DeleteDialog workflow={workflow} onClose={() => setDeleting(false)} />}
    </>
  );
}

function DeleteDialog({ workflow, onClose }: { workflow: WorkflowRowFragment; onClose: () => void }) {
  const t = useWords(words);
  const { name } = workflow;
  const { mutate, isPending } = useChange(DeleteWorkflow, {
    onSuccess: () => {
      tell(t("deleted", { name }));
      onClose();
    },
    onError: (error) => tell(error.message, { isBad: true }),
  });
  return (
    <Dialog
      title={t("deleteTitle", { name })}
      closeLabel={t("close")}
      onClose={onClose}
      foot={
        <>
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button tone="danger" isBusy={isPending} onClick={() => mutate({ id: workflow.id })}>
            {t("deleteYes", { name })}
          </Button>
        </>
      }
    >
      <p>{t("deleteText")}</p>
    </Dialog>
  );
}
