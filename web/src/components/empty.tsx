import type { LucideIcon } from "lucide-react";
import type { ReactNode } from "react";
import "./empty.css";

/** What stands where nothing is yet: what would be here, and how to begin. */
export function Empty({ icon: Icon, title, children }: { icon: LucideIcon; title: string; children?: ReactNode }) {
  return (
    <div className="empty">
      <Icon size={24} aria-hidden />
      <h2>{title}</h2>
      {children}
    </div>
  );
}

/** Grey bars of the size that what is loading will have, so that nothing jumps. */
export function Skeleton({ rows = 6, height = 36 }: { rows?: number; height?: number }) {
  return (
    <div className="skeleton" aria-busy="true" aria-live="polite">
      {Array.from({ length: rows }, (_, place) => (
        <div key={place} className="skeleton-row" style={{ height }}>
          <span style={{ width: `${60 - ((place * 17) % 35)}%` }} />
        </div>
      ))}
    </div>
  );
}
