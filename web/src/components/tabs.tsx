import { Tabs as Radix } from "radix-ui";
import type { ReactNode } from "react";
import "./tabs.css";

interface Props {
  label: string;
  value?: string;
  onChange?: (value: string) => void;
  tabs: readonly { value: string; label: ReactNode; content: ReactNode }[];
}

/** Views of one thing, one at a time. */
export function Tabs({ label, tabs, value, onChange }: Props) {
  return (
    <Radix.Root className="tabs" {...(value === undefined ? { defaultValue: tabs[0]?.value ?? "" } : { value })} onValueChange={(next) => onChange?.(next)}>
      <Radix.List className="tabs-list" aria-label={label}>
        {tabs.map((tab) => (
          <Radix.Trigger key={tab.value} value={tab.value} className="tab">
            {tab.label}
          </Radix.Trigger>
        ))}
      </Radix.List>
      {tabs.map((tab) => (
        <Radix.Content key={tab.value} value={tab.value} className="tab-content" tabIndex={-1}>
          {tab.content}
        </Radix.Content>
      ))}
    </Radix.Root>
  );
}
