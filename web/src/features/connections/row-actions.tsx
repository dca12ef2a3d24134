import { Ellipsis, ListTree, Pencil, PlugZap, SquareTerminal, Trash2 } from "lucide-react";
import { useState } from "react";
import { useNavigate } from "react-router";
import { IconButton } from "@/components/icon-button.tsx";
import { Menu, MenuItem, MenuLine } from "@/components/menu.tsx";
import type { ConnectionRowFragment } from "@/graphql/generated/graphql.ts";
import { May } from "@/graphql/may.tsx";
import { useWords } from "@/lib/language.ts";
import { DeleteDialog } from "./delete-dialog.tsx";
import { useTest } from "./use-test.ts";
import { words } from "./words.ts";

/** What can be done with one connection of the list. */
export function RowActions({ connection }: { connection: ConnectionRowFragment }) {
  const t = useWords(words);
  const navigate = useNavigate();
  const [isDeleting, setDeleting] = useState(false);
  const { name, isSaved } = connection;
  const { test, isTesting } = useTest(name);
  return (
    <>
      <May ask="testConnection">
        <IconButton icon={PlugZap} label={t("test", { name })} disabled={isTesting} aria-busy={isTesting} onClick={test} />
      </May>
      <Menu trigger={<IconButton icon={Ellipsis} label={t("more", { name })} />}>
        <MenuItem icon={ListTree} onSelect={() => void navigate(`/connections/${name}`)}>
          {t("browse")}
        </MenuItem>
        <May ask="runStatement">
          <MenuItem icon={SquareTerminal} onSelect={() => void navigate(`/console?connection=${name}`)}>
            {t("console")}
          </MenuItem>
        </May>
        <MenuLine />
        <May ask="updateConnection">
          <MenuItem icon={Pencil} disabled={!isSaved} onSelect={() => void navigate(`/connections?change=${name}`)}>
            {t("change")}
          </MenuItem>
        </May>
        <May ask="deleteConnection">
          <MenuItem icon={Trash2} isDanger disabled={!isSaved} onSelect={() => setDeleting(true)}>
            {t("delete")}
          </MenuItem>
        </May>
      </Menu>
      {isDeleting && <DeleteDialog name={name} onClose={() => setDeleting(false)} />}
    </>
  );
}
