import { Dialog } from "@/components/dialog.tsx";
import { Keys } from "@/components/keys.tsx";
import { pick, useLanguage, useWords } from "@/lib/language.ts";
import { actions } from "../actions/all.ts";
import { words } from "../words.ts";

/** Every action with its keys. */
export function KeysDialog({ onClose }: { onClose: () => void }) {
  const t = useWords(words);
  const language = useLanguage((state) => state.language);
  return (
    <Dialog title={t("keys")} closeLabel={t("close")} onClose={onClose} width={620}>
      <ul className="key-list">
        {actions.filter((action) => action.shortcuts.length > 0).map((action) => (
          <li key={action.id}>
            <span className="grow">{pick(action.label, language)}</span>
            {action.shortcuts.slice(0, 1).map((shortcut) => (
              <Keys key={shortcut} shortcut={shortcut} />
            ))}
          </li>
        ))}
      </ul>
    </Dialog>
  );
}
