import { Tooltip } from "radix-ui";
import type { ReactElement, ReactNode } from "react";
import { Keys } from "./keys.tsx";
import "./menu.css";

interface Props {
  text: ReactNode;
  shortcut?: string | undefined;
  side?: "top" | "right" | "bottom" | "left";
  children: ReactElement;
}

/** More about what the pointer or the focus rests on. */
export function Hint({ text, shortcut, side = "bottom", children }: Props) {
  return (
    <Tooltip.Root>
      <Tooltip.Trigger asChild>{children}</Tooltip.Trigger>
      <Tooltip.Portal>
        <Tooltip.Content className="hint" side={side} sideOffset={4} collisionPadding={8}>
          {text}
          {shortcut && <Keys shortcut={shortcut} />}
        </Tooltip.Content>
      </Tooltip.Portal>
    </Tooltip.Root>
  );
}
