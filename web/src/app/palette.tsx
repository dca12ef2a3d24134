/** Ctrl+K: every place, every workflow, every command, by its name. */
import { Command } from "cmdk";
import { Workflow } from "lucide-react";
import { Dialog } from "radix-ui";
import { useNavigate } from "react-router";
import { useData } from "@/graphql/client.ts";
import { graphql } from "@/graphql/generated/gql.ts";
import { pick, useLanguage, useWords } from "@/lib/language.ts";
import { features } from "./features.ts";
import { words } from "./words.ts";

const PaletteWorkflows = graphql(`
  query PaletteWorkflows {
    workflows(first: 200) {
      id
      name
    }
  }
`);

export function Palette({ onClose }: { onClose: () => void }) {
  const t = useWords(words);
  const language = useLanguage((state) => state.language);
  const navigate = useNavigate();
  const { data } = useData(PaletteWorkflows, {});
  const go = (path: string) => {
    onClose();
    void navigate(path);
  };
  const places = features.flatMap((feature) => feature.rail ?? []);
  const commands = features.flatMap((feature) => feature.commands ?? []);
  return (
    <Dialog.Root open onOpenChange={(isOpen) => !isOpen && onClose()}>
      <Dialog.Portal>
        <Dialog.Overlay className="overlay" />
        <Dialog.Content className="palette" aria-describedby={undefined}>
          <Dialog.Title className="only-read">{t("palette")}</Dialog.Title>
          <Command label={t("palette")}>
            <Command.Input placeholder={t("paletteHint")} />
            <Command.List>
              <Command.Empty>{t("nothing")}</Command.Empty>
              {commands.length > 0 && (
                <Command.Group heading={t("do")}>
                  {commands.map(({ id, label, icon: Icon, path }) => (
                    <Command.Item key={id} value={pick(label, language)} keywords={[...label]} onSelect={() => go(path)}>
                      {Icon && <Icon size={16} aria-hidden />}
                      {pick(label, language)}
                    </Command.Item>
                  ))}
                </Command.Group>
              )}
              <Command.Group heading={t("goTo")}>
                {places.map(({ path, label, icon: Icon }) => (
                  <Command.Item key={path} value={pick(label, language)} keywords={[...label]} onSelect={() => go(path)}>
                    <Icon size={16} aria-hidden />
                    {pick(label, language)}
                  </Command.Item>
                ))}
              </Command.Group>
              {data && data.workflows.length > 0 && (
                <Command.Group heading={t("workflows")}>
                  {data.workflows.map((workflow) => (
                    <Command.Item
                      key={workflow.id}
                      value={workflow.name}
                      onSelect={() => go(`/workflows/${workflow.name}`)}
                    >
                      <Workflow size={16} aria-hidden />
                      {workflow.name}
                    </Command.Item>
                  ))}
                </Command.Group>
              )}
            </Command.List>
          </Command>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
