import { Toast as Radix } from "radix-ui";
import { create } from "zustand";
import { useWords } from "@/lib/language.ts";
import { Button } from "./button.tsx";
import { Ticked } from "./notice.tsx";
import "./toast.css";

interface Told {
  id: number;
  text: string;
  isBad: boolean;
  action?: { label: string; perform: () => void } | undefined;
}

const useToasts = create<{ told: Told[] }>()(() => ({ told: [] }));
let next = 1;

/** Tells the person something that needs no answer. */
export function tell(text: string, options: { isBad?: boolean; action?: { label: string; perform: () => void } } = {}): void {
  const told: Told = { id: next++, text, isBad: options.isBad ?? false, action: options.action };
  useToasts.setState((state) => ({ told: [...state.told.slice(-3), told] }));
}

const words = { title: ["Messages ({hotkey})", "消息（{hotkey}）"], close: ["Dismiss", "关闭"] } as const;

/** Where what is told appears. */
export function Toasts() {
  const t = useWords(words);
  const told = useToasts((state) => state.told);
  const drop = (id: number) => useToasts.setState((state) => ({ told: state.told.filter((one) => one.id !== id) }));
  return (
    <Radix.Provider label={t("title", { hotkey: "F8" })} duration={6000}>
      {told.map((one) => (
        <Radix.Root
          key={one.id}
          className={`toast ${one.isBad ? "toast-bad" : ""}`}
          duration={one.isBad ? 12_000 : 5000}
          onOpenChange={(isOpen) => !isOpen && drop(one.id)}
        >
          <Radix.Description className="grow">
            <Ticked text={one.text} />
          </Radix.Description>
          {one.action && (
            <Radix.Action altText={one.action.label} asChild>
              <Button onClick={one.action.perform}>{one.action.label}</Button>
            </Radix.Action>
          )}
          <Radix.Close className="icon-button" aria-label={t("close")}>
            ×
          </Radix.Close>
        </Radix.Root>
      ))}
      <Radix.Viewport className="toasts" />
    </Radix.Provider>
  );
}
