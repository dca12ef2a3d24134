import type { PointerEvent } from "react";

const LEAST = 80;
const MOST = 640;

interface Props {
  label: string;
  height: number;
  onHeight: (height: number) => void;
}

/** The line between the text and the answer: drag it, or use the arrows. */
export function Splitter({ label, height, onHeight }: Props) {
  const set = (next: number) => onHeight(Math.round(Math.min(MOST, Math.max(LEAST, next))));
  const drag = (event: PointerEvent<HTMLDivElement>) => {
    if (event.currentTarget.hasPointerCapture(event.pointerId)) set(height + event.movementY);
  };
  return (
    <div
      className="splitter"
      role="separator"
      tabIndex={0}
      aria-orientation="horizontal"
      aria-label={label}
      aria-valuenow={height}
      aria-valuemin={LEAST}
      aria-valuemax={MOST}
      onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
      onPointerMove={drag}
      onKeyDown={(event) => {
        if (event.key === "ArrowUp") set(height - 20);
        else if (event.key === "ArrowDown") set(height + 20);
        else return;
        event.preventDefault();
      }}
    />
  );
}
