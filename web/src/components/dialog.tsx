import { X } from "lucide-react";
import { Dialog as Radix } from "radix-ui";
import type { ReactNode } from "react";
import "./dialog.css";
import { IconButton } from "./icon-button.tsx";
import { Ticked } from "./notice.tsx";

interface Props {
  title: string;
  /** One sentence more; read aloud with the title. */
  description?: string;
  closeLabel: string;
  onClose: () => void;
  /** What stands at the foot: the buttons. */
  foot?: ReactNode;
  kind?: "dialog" | "drawer";
  width?: number;
  children: ReactNode;
}

/** A dialog in the middle, or a drawer at the right, of the page. Esc and a click outside close it. */
export function Dialog({ title, description, closeLabel, onClose, foot, kind = "dialog", width, children }: Props) {
  return (
    <Radix.Root open onOpenChange={(isOpen) => !isOpen && onClose()}>
      <Radix.Portal>
        <Radix.Overlay className="overlay" />
        <Radix.Content
          className={kind}
          style={width ? { width } : undefined}
          // On the close button, whose hint opens with the focus, Esc would close the hint first.
          onOpenAutoFocus={(event) => {
            event.preventDefault();
            if (event.currentTarget instanceof HTMLElement) event.currentTarget.focus();
          }}
          {...(description ? {} : { "aria-describedby": undefined })}
        >
          <header className="dialog-head">
            <div className="grow">
              <Radix.Title className="dialog-title">
                <Ticked text={title} />
              </Radix.Title>
              {description && (
                <Radix.Description className="muted">
                  <Ticked text={description} />
                </Radix.Description>
              )}
            </div>
            <IconButton icon={X} label={closeLabel} onClick={onClose} />
          </header>
          <div className="dialog-body">{children}</div>
          {foot && <footer className="dialog-foot">{foot}</footer>}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
