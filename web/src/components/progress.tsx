import "./progress.css";

interface Props {
  label: string;
  /** From 0 to 1; undefined: nobody knows how much there is. */
  share: number | undefined;
  isOver?: boolean;
}

/** How much of something is done. What cannot be known moves on its own. */
export function Progress({ label, share, isOver = false }: Props) {
  const known = share === undefined ? undefined : Math.min(1, Math.max(0, share));
  return (
    <div
      className={`progress ${known === undefined && !isOver ? "progress-unknown" : ""}`}
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={known === undefined ? undefined : Math.round(known * 100)}
    >
      <span style={{ width: `${(known ?? (isOver ? 1 : 0.3)) * 100}%` }} />
    </div>
  );
}
