import { PanelLeftClose, PanelLeftOpen } from "lucide-react";
import { useState } from "react";
import { NavLink } from "react-router";
import { IconButton } from "@/components/icon-button.tsx";
import { useSession } from "@/graphql/session.ts";
import type { RailEntry, RailGroup } from "@/lib/feature.ts";
import { pick, useLanguage, useWords } from "@/lib/language.ts";
import { keep, kept } from "@/lib/storage.ts";
import { features } from "./features.ts";
import { words } from "./words.ts";

const GROUPS: readonly (RailGroup | undefined)[] = [undefined, "data", "system"];

/** The places one can go to. Narrow pages hide it behind the menu button. */
export function Rail({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  const t = useWords(words);
  const [isSlim, setSlim] = useState(kept("rail") === "slim");
  const toggle = () => {
    keep("rail", isSlim ? null : "slim");
    setSlim(!isSlim);
  };
  const operations = useSession((state) => state.operations);
  const entries = features.flatMap((feature) => feature.rail ?? []).filter(({ needs }) => !needs || operations === null || operations.has(needs));
  return (
    <>
      {isOpen && <button type="button" className="rail-cover" aria-label={t("close")} onClick={onClose} />}
      <nav className={`rail ${isSlim ? "rail-slim" : ""} ${isOpen ? "rail-open" : ""}`} aria-label={t("rail")}>
        <div className="rail-head">
          <img src="/icon.svg" alt="" width={20} height={20} />
          <span className="rail-name">Sluice</span>
        </div>
        {GROUPS.map((group) => {
          const own = entries.filter((entry) => entry.group === group);
          if (own.length === 0) return null;
          return (
            <div key={group ?? "first"} className="rail-group">
              {group && <div className="rail-title">{t(group)}</div>}
              {own.map((entry) => (
                <RailLink key={entry.path} entry={entry} />
              ))}
            </div>
          );
        })}
        <span className="grow" />
        <IconButton
          icon={isSlim ? PanelLeftOpen : PanelLeftClose}
          label={isSlim ? t("expand") : t("collapse")}
          className="rail-toggle"
          onClick={toggle}
        />
      </nav>
    </>
  );
}

function RailLink({ entry }: { entry: RailEntry }) {
  const language = useLanguage((state) => state.language);
  const label = pick(entry.label, language);
  return (
    <NavLink to={entry.path} className="rail-link" title={label}>
      <entry.icon size={16} aria-hidden />
      <span className="rail-label">{label}</span>
    </NavLink>
  );
}
