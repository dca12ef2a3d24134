/** Ctrl+K: every place, every workflow, every command, by its name. */
import { Workflow } from "lucide-react";
import { Dialog } from "radix-ui";
import { useMemo } from "react";
import { useNavigate } from "react-router";
import { Chooser, type Choice } from "@/components/chooser.tsx";
import { useData } from "@/graphql/client.ts";
import { graphql } from "@/graphql/generated/gql.ts";
import { pick, useLanguage, useWords } from "@/lib/language.ts";
import { features } from "./features.ts";
import { words } from "./words.ts";

const PaletteWorkflows = graphql(`
  query PaletteWorkflows {
    workflows(first: 200) {
      nodes {
        id
        name
      }
    }
  }
`);

export function Palette({ onClose }: { onClose: () => void }) {
  const t = useWords(words);
  const language = useLanguage((state) => state.language);
  const navigate = useNavigate();
  const { data } = useData(PaletteWorkflows, {});
  const choices = useMemo((): (Choice & { path: string })[] => {
    // Found by the word of either language.
    const places = features
      .flatMap((feature) => feature.rail ?? [])
      .map(({ path, label, icon }) => ({ key: path, label: pick(label, language), keywords: label, icon, group: t("goTo"), path }));
    const commands = features
      .flatMap((feature) => feature.commands ?? [])
      .map(({ id, label, icon, path }) => ({ key: id, label: pick(label, language), keywords: label, icon, group: t("do"), path }));
    const workflows = (data?.workflows.nodes ?? []).map(({ id, name }) => ({
      key: id,
      label: name,
      icon: Workflow,
      group: t("workflows"),
      path: `/workflows/${name}`,
    }));
    return [...places, ...commands, ...workflows];
  }, [data, language, t]);
  return (
    <Dialog.Root open onOpenChange={(isOpen) => !isOpen && onClose()}>
      <Dialog.Portal>
        <Dialog.Overlay className="overlay" />
        <Dialog.Content className="palette" aria-describedby={undefined}>
          <Dialog.Title className="only-read">{t("palette")}</Dialog.Title>
          <Chooser
            label={t("palette")}
            placeholder={t("paletteHint")}
            empty={t("nothing")}
            choices={choices}
            onChoose={({ path }) => {
              onClose();
              void navigate(path);
            }}
          />
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
