import { ChevronDown } from "lucide-react";
import { Popover } from "radix-ui";
import { useState } from "react";
import { Chooser, type Choice } from "./chooser.tsx";
import "./picker.css";

interface Props {
  id?: string;
  "aria-describedby"?: string | undefined;
  "aria-invalid"?: boolean | undefined;
  /** What is chosen, read aloud with the button. */
  label: string;
  value: string;
  /** What stands there while nothing is chosen. */
  placeholder: string;
  empty: string;
  choices: readonly (string | Choice)[];
  disabled?: boolean;
  onChange: (value: string) => void;
}

/** One of many names: a button that opens a list to search in. */
export function Picker({ label, value, placeholder, empty, choices, disabled, onChange, ...ids }: Props) {
  const [isOpen, setOpen] = useState(false);
  const all = choices.map((choice) => (typeof choice === "string" ? { key: choice, label: choice } : choice));
  return (
    <Popover.Root open={isOpen} onOpenChange={setOpen}>
      <Popover.Trigger asChild>
        <button {...ids} type="button" className="input picker" disabled={disabled} aria-label={`${label}: ${value || placeholder}`} title={value || undefined}>
          <span className={`cut grow ${value ? "mono" : "picker-none"}`}>{value || placeholder}</span>
          <ChevronDown size={14} aria-hidden />
        </button>
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content className="menu picker-list" align="start" sideOffset={4} collisionPadding={8} aria-label={label}>
          <Chooser
            label={label}
            placeholder={placeholder}
            empty={empty}
            choices={all}
            onChoose={({ key }) => {
              onChange(key);
              setOpen(false);
            }}
          />
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}
