import type { LucideIcon } from "lucide-react";
import { forwardRef, type ButtonHTMLAttributes } from "react";
import "./button.css";

interface Props extends ButtonHTMLAttributes<HTMLButtonElement> {
  tone?: "plain" | "main" | "danger" | "ghost";
  icon?: LucideIcon;
  isBusy?: boolean;
}

/** A button whose words say what happens. */
export const Button = forwardRef<HTMLButtonElement, Props>(function Button(
  { tone = "plain", icon: Icon, isBusy = false, children, className = "", disabled, ...rest },
  ref,
) {
  return (
    <button
      ref={ref}
      type="button"
      className={`button button-${tone} ${className}`}
      disabled={disabled === true || isBusy}
      aria-busy={isBusy || undefined}
      {...rest}
    >
      {Icon && <Icon size={14} aria-hidden />}
      {children}
    </button>
  );
});
