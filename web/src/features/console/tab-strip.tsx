import { Plus, X } from "lucide-react";
import { IconButton } from "@/components/icon-button.tsx";
import { ToneIcon } from "@/components/status.tsx";
import { useWords } from "@/lib/language.ts";
import { closeTab, openTab, showTab, useConsole } from "./tabs-store.ts";
import { words } from "./words.ts";

/** The console's tabs; arrows go from one to the next. */
export function TabStrip() {
  const t = useWords(words);
  const { tabs, active, outcomes } = useConsole();
  const names = tabs.map((tab) => /\S[^\n]{0,27}/.exec(tab.sql)?.[0] ?? t("tab", { n: tab.id }));
  return (
    <div className="console-tabs">
      <div
        className="console-tabs-list"
        role="group"
        aria-label={t("tabs")}
        onKeyDown={(event) => {
          const by = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
          const next = tabs[tabs.findIndex((tab) => tab.id === active) + by];
          if (by === 0 || !next) return;
          showTab(next.id);
          event.currentTarget.querySelector<HTMLElement>(`[data-tab="${next.id}"]`)?.focus();
        }}
      >
        {tabs.map((tab, place) => (
          <span key={tab.id} className={`console-tab ${tab.id === active ? "console-tab-active" : ""}`}>
            <button type="button" data-tab={tab.id} aria-pressed={tab.id === active} title={tab.sql || undefined} onClick={() => showTab(tab.id)}>
              {outcomes[tab.id]?.kind === "running" && <ToneIcon tone="running" size={12} />}
              <span className="cut">{names[place]}</span>
              <span className="muted">{tab.connection}</span>
            </button>
            <button type="button" className="console-tab-close" aria-label={t("closeTab", { name: names[place] ?? "" })} onClick={() => closeTab(tab.id)}>
              <X size={12} aria-hidden />
            </button>
          </span>
        ))}
      </div>
      <IconButton icon={Plus} label={t("newTab")} onClick={() => openTab(tabs.find((tab) => tab.id === active)?.connection ?? "")} />
    </div>
  );
}
