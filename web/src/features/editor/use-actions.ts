import { useEffect } from "react";
import { isTyping, matches } from "@/lib/shortcut.ts";
import type { Context } from "./actions/action.ts";
import { actions } from "./actions/all.ts";
import { pasteText } from "./actions/paste.ts";
import { withoutSelected } from "./actions/remove.ts";
import { copySteps } from "./document/edit.ts";
import { useEditor } from "./document/store.ts";

/** Listens for the actions' keys, and for the browser's copy, cut and paste. */
export function useActions(context: () => Context | null): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || document.querySelector('[role="dialog"], [role="menu"]')) return;
      const inCode = event.target instanceof Element && event.target.closest(".cm-editor") !== null;
      const typing = isTyping(event.target);
      // Tab and Enter keep their meaning on buttons, links and lists.
      const onControl = event.target instanceof Element && event.target.closest("button, a, [role=tab]") !== null;
      for (const action of actions) {
        if (action.isNative || !action.shortcuts.some((shortcut) => matches(event, shortcut))) continue;
        if (typing && !(action.isInText && (inCode || event.key === "s" || event.key === "Enter"))) continue;
        if (onControl && ["Tab", "Enter", " "].includes(event.key) && !event.ctrlKey && !event.metaKey) continue;
        const now = context();
        if (!now || !action.isEnabled(now)) continue;
        event.preventDefault();
        action.perform(now);
        return;
      }
    };
    const isOurs = (event: ClipboardEvent) => !isTyping(event.target) && !document.querySelector('[role="dialog"]') && !window.getSelection()?.toString();
    const onCopy = (event: ClipboardEvent) => {
      const { text, selected, edit, select } = useEditor.getState();
      if (!isOurs(event) || selected.length === 0) return;
      event.clipboardData?.setData("text/plain", copySteps(text, selected));
      event.preventDefault();
      const now = event.type === "cut" ? context() : null;
      if (now) {
        edit(withoutSelected(text, now));
        select([]);
      }
    };
    const onPaste = (event: ClipboardEvent) => {
      if (!isOurs(event)) return;
      if (pasteText(useEditor.getState(), event.clipboardData?.getData("text/plain") ?? "") > 0) event.preventDefault();
    };
    window.addEventListener("keydown", onKey);
    document.addEventListener("copy", onCopy);
    document.addEventListener("cut", onCopy);
    document.addEventListener("paste", onPaste);
    return () => {
      window.removeEventListener("keydown", onKey);
      document.removeEventListener("copy", onCopy);
      document.removeEventListener("cut", onCopy);
      document.removeEventListener("paste", onPaste);
    };
  }, [context]);
}
