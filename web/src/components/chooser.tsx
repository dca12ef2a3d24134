import type { LucideIcon } from "lucide-react";
import { useEffect, useId, useMemo, useRef, useState } from "react";
import "./chooser.css";

export interface Choice {
  key: string;
  label: string;
  /** More about it, shown faintly beside it and searched, too. */
  detail?: string;
  /** Further words it is found by. */
  keywords?: readonly string[];
  icon?: LucideIcon;
  /** Title of the group it stands in while nothing is typed. */
  group?: string;
}

interface Props<T extends Choice> {
  label: string;
  placeholder: string;
  /** What stands where nothing is called that. */
  empty: string;
  choices: readonly T[];
  onChoose: (choice: T) => void;
}

/** So many are drawn; whoever has more types a letter. */
const MOST = 300;

/** A list to choose from by typing a part of a name: arrows go through it, Enter takes. The best match is always chosen first. */
export function Chooser<T extends Choice>({ label, placeholder, empty, choices, onChoose }: Props<T>) {
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  const [wanted, setWanted] = useState("");
  const [at, setAt] = useState(0);
  const shown = useMemo(() => rank(choices, wanted).slice(0, MOST), [choices, wanted]);
  const chosen = Math.min(at, shown.length - 1);
  useEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" });
  }, [chosen]);
  const move = (by: number) => setAt((chosen + by + shown.length) % Math.max(1, shown.length));
  const groups = wanted.trim() === "" ? [...new Set(shown.map((choice) => choice.group))] : [undefined];
  return (
    <div className="chooser">
      <input
        className="chooser-input"
        role="combobox"
        aria-label={label}
        aria-expanded
        aria-controls={`${id}-list`}
        aria-autocomplete="list"
        aria-activedescendant={shown.length ? `${id}-${chosen}` : undefined}
        placeholder={placeholder}
        autoFocus
        spellCheck={false}
        value={wanted}
        onChange={(event) => {
          setWanted(event.target.value);
          setAt(0);
        }}
        onKeyDown={(event) => {
          if (event.key === "ArrowDown") move(1);
          else if (event.key === "ArrowUp") move(-1);
          else if (event.key === "Enter" && shown[chosen]) onChoose(shown[chosen]);
          else return;
          event.preventDefault();
        }}
      />
      <div ref={list} id={`${id}-list`} className="chooser-list" role="listbox" aria-label={label}>
        {shown.length === 0 && <p className="chooser-empty">{empty}</p>}
        {groups.map((group) => (
          <div key={group ?? ""} role="group" aria-label={group ?? label}>
            {group && <div className="chooser-group">{group}</div>}
            {shown.map((choice, place) => {
              if (groups.length > 1 && choice.group !== group) return null;
              const Icon = choice.icon;
              return (
                <div
                  key={choice.key}
                  id={`${id}-${place}`}
                  role="option"
                  aria-selected={place === chosen}
                  className="chooser-item"
                  onPointerMove={() => setAt(place)}
                  onClick={() => onChoose(choice)}
                >
                  {Icon && <Icon size={15} aria-hidden />}
                  <span className="chooser-name">{choice.label}</span>
                  {choice.detail && <span className="muted cut grow">{choice.detail}</span>}
                </div>
              );
            })}
          </div>
        ))}
      </div>
    </div>
  );
}

/** Those that match, the best first; among equals their own order holds. */
export function rank<T extends Choice>(choices: readonly T[], wanted: string): T[] {
  const needle = wanted.trim().toLowerCase();
  if (needle === "") return [...choices];
  const score = (choice: T) => {
    const name = choice.label.toLowerCase();
    if (name === needle) return 4;
    if (name.startsWith(needle)) return 3;
    if (name.includes(needle)) return 2;
    return [choice.detail, ...(choice.keywords ?? [])].some((word) => word?.toLowerCase().includes(needle)) ? 1 : 0;
  };
  return choices
    .map((choice) => ({ choice, points: score(choice) }))
    .filter(({ points }) => points > 0)
    .sort((a, b) => b.points - a.points)
    .map(({ choice }) => choice);
}
