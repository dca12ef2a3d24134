import { useVirtualizer } from "@tanstack/react-virtual";
import { memo, useEffect, useRef, type KeyboardEvent } from "react";
import "@/components/data-table.css";
import { useWords } from "@/lib/language.ts";
import { cellOf, type Cell, type Difference, type Kind } from "./differences.ts";
import { words } from "./words.ts";

const ROW = 28;
/** Up to so many rows are all drawn. */
const SHORT = 60;

export const KIND: Record<Kind, { sign: string; word: "missing" | "extra" | "changed"; tone: string }> = {
  MISSING: { sign: "−", word: "missing", tone: "bad" },
  EXTRA: { sign: "+", word: "extra", tone: "good" },
  CHANGED: { sign: "≠", word: "changed", tone: "warned" },
};

interface Props {
  rows: readonly Difference[];
  keyColumns: readonly string[];
  columns: readonly string[];
  layout: "sides" | "columns";
  names: { left: string; right: string };
  onOpen: (row: Difference) => void;
  onEnd: () => void;
}

interface Place {
  side: "left" | "right";
  column: string;
}

/** Both sides beside each other, changed cells marked. Only rows in view are drawn; arrows walk through them, Enter opens one. */
export function DifferenceGrid({ rows, keyColumns, columns, layout, names, onOpen, onEnd }: Props) {
  const t = useWords(words);
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({ count: rows.length, getScrollElement: () => scroller.current, estimateSize: () => ROW, overscan: 20 });
  const isShort = rows.length <= SHORT;
  const items = virtual.getVirtualItems();
  const shown = isShort ? rows.map((_, index) => index) : items.map((item) => item.index);
  const before = isShort ? 0 : (items[0]?.start ?? 0);
  const after = isShort ? 0 : virtual.getTotalSize() - (items.at(-1)?.end ?? 0);
  const places: Place[] =
    layout === "sides"
      ? (["left", "right"] as const).flatMap((side) => columns.map((column) => ({ side, column })))
      : columns.flatMap((column) => (["left", "right"] as const).map((side) => ({ side, column })));
  // Few rows may not fill the pane, which then never scrolls.
  useEffect(() => {
    const pane = scroller.current;
    if (pane && pane.scrollHeight <= pane.clientHeight + ROW) onEnd();
  }, [rows.length, onEnd]);
  const walk = (event: KeyboardEvent<HTMLElement>) => {
    const by = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    const row = event.target instanceof HTMLElement ? event.target.closest<HTMLElement>("[data-at]") : null;
    if (by === 0 || !row) return;
    const at = Number(row.dataset["at"]) + by;
    if (!(at >= 0 && at < rows.length)) return;
    event.preventDefault();
    if (!isShort) virtual.scrollToIndex(at);
    requestAnimationFrame(() => scroller.current?.querySelector<HTMLElement>(`[data-at="${at}"] button`)?.focus());
  };
  return (
    <div
      ref={scroller}
      className="table-scroller"
      tabIndex={0}
      role="region"
      aria-label={t("rows")}
      onKeyDown={walk}
      onScroll={(event) => {
        const { scrollTop, clientHeight, scrollHeight } = event.currentTarget;
        if (scrollTop + clientHeight > scrollHeight - 600) onEnd();
      }}
    >
      <table className="table diff-table" aria-rowcount={rows.length}>
        <thead>
          {layout === "sides" ? (
            <>
              <tr>
                <th scope="col" rowSpan={2}>
                  {t("kind")}
                </th>
                {keyColumns.map((name) => (
                  <th key={name} scope="col" rowSpan={2} className="mono diff-key">
                    {name}
                  </th>
                ))}
                {(["left", "right"] as const).map((side) => (
                  <th key={side} scope="colgroup" colSpan={Math.max(1, columns.length)} className="diff-edge">
                    {t(side)} <span className="mono">{names[side]}</span>
                  </th>
                ))}
              </tr>
              <tr className="diff-second">
                {places.map(({ side, column }) => (
                  <th key={`${side}.${column}`} scope="col" className={`mono ${column === columns[0] ? "diff-edge" : ""}`}>
                    {column}
                  </th>
                ))}
              </tr>
            </>
          ) : (
            <>
              <tr>
                <th scope="col" rowSpan={2}>
                  {t("kind")}
                </th>
                {keyColumns.map((name) => (
                  <th key={name} scope="col" rowSpan={2} className="mono diff-key">
                    {name}
                  </th>
                ))}
                {columns.map((name) => (
                  <th key={name} scope="colgroup" colSpan={2} className="mono diff-edge">
                    {name}
                  </th>
                ))}
              </tr>
              <tr className="diff-second">
                {places.map(({ side, column }) => (
                  <th key={`${side}.${column}`} scope="col" className={side === "left" ? "diff-edge" : ""}>
                    {t(side)}
                  </th>
                ))}
              </tr>
            </>
          )}
        </thead>
        <tbody>
          {before > 0 && <tr aria-hidden style={{ height: before }} />}
          {shown.map((index) => {
            const row = rows[index];
            return row && <GridRow key={index} at={index} row={row} keyColumns={keyColumns} places={places} edge={layout === "sides" ? columns[0] : undefined} onOpen={onOpen} />;
          })}
          {after > 0 && <tr aria-hidden style={{ height: after }} />}
        </tbody>
      </table>
    </div>
  );
}

interface RowProps {
  at: number;
  row: Difference;
  keyColumns: readonly string[];
  places: readonly Place[];
  /** The column that begins each half; none: each column has two halves. */
  edge: string | undefined;
  onOpen: (row: Difference) => void;
}

const GridRow = memo(function GridRow({ at, row, keyColumns, places, edge, onOpen }: RowProps) {
  const t = useWords(words);
  const { sign, word, tone } = KIND[row.kind];
  return (
    <tr data-at={at} data-kind={row.kind} aria-rowindex={at + 1} style={{ height: ROW }} className="table-open" onClick={() => onOpen(row)}>
      <td>
        <button
          type="button"
          className={`diff-kind tone-${tone}`}
          onClick={(event) => {
            event.stopPropagation();
            onOpen(row);
          }}
        >
          <span aria-hidden>{sign}</span> {t(word)}
        </button>
      </td>
      {keyColumns.map((name) => (
        <td key={name} className="mono diff-key">
          <Text text={row.key[name] ?? row.values?.[name] ?? null} />
        </td>
      ))}
      {places.map(({ side, column }) => (
        <DiffCell key={`${side}.${column}`} cell={cellOf(row, side, column)} isEdge={edge === undefined ? side === "left" : column === edge} side={side} />
      ))}
    </tr>
  );
});

function DiffCell({ cell, isEdge, side }: { cell: Cell; isEdge: boolean; side: "left" | "right" }) {
  const t = useWords(words);
  const edge = isEdge ? "diff-edge" : "";
  if (cell.kind === "absent") return <td className={`diff-absent ${edge}`} aria-label={t("absent")} />;
  if (cell.kind === "same")
    return (
      <td className={`diff-same ${edge}`} aria-label={t("same")}>
        =
      </td>
    );
  return (
    <td className={`mono ${edge} ${cell.isChanged ? `diff-changed diff-changed-${side}` : ""}`} title={cell.text ?? undefined}>
      <Text text={cell.text} />
    </td>
  );
}

/** A value as text; NULL and an empty text are marks that differ. */
export function Text({ text }: { text: string | null }) {
  const t = useWords(words);
  if (text === null) return <span className="diff-null">NULL</span>;
  if (text === "") return <span className="diff-null diff-empty">{t("empty")}</span>;
  return text.slice(0, 200).replace(/[\r\n\t]/g, " ");
}
