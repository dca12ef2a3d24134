import type { LucideIcon } from "lucide-react";
import { forwardRef, type ButtonHTMLAttributes } from "react";
import "./button.css";
import { Hint } from "./hint.tsx";

interface Props extends ButtonHTMLAttributes<HTMLButtonElement> {
  icon: LucideIcon;
  /** What it does; read aloud, and shown when the pointer rests on it. */
  label: string;
  shortcut?: string;
  isPressed?: boolean;
}

/** A button that is only an icon. */
export const IconButton = forwardRef<HTMLButtonElement, Props>(function IconButton(
  { icon: Icon, label, shortcut, isPressed, className = "", ...rest },
  ref,
) {
  return (
    <Hint text={label} shortcut={shortcut}>
      <button
        ref={ref}
        type="button"
        className={`icon-button ${className}`}
        aria-label={label}
        aria-pressed={isPressed}
        {...rest}
      >
        <Icon size={16} aria-hidden />
      </button>
    </Hint>
  );
});
