import { useVirtualizer } from "@tanstack/react-virtual";
import { memo, useEffect, useMemo, useRef, useState, type KeyboardEvent } from "react";
import { isNumeric, measure, spellValue, type AnswerColumn, type Row } from "@/lib/cells.ts";
import { formatNumber } from "@/lib/format.ts";
import { useLanguage, useWords } from "@/lib/language.ts";
import { matches } from "@/lib/shortcut.ts";
import { Button } from "./button.tsx";
import { Dialog } from "./dialog.tsx";
import "./results-grid.css";
import { tell } from "./toast.tsx";

const words = {
  empty: ["empty", "空"],
  copied: ["Copied", "已复制"],
  results: ["Results", "结果"],
  rowNumber: ["Row", "行号"],
  close: ["Close", "关闭"],
  copyCell: ["Copy value", "复制值"],
  null: ["NULL", "NULL"],
} as const;

const ROW = 26;
/** Up to so many rows or columns are all drawn. */
const FEW_ROWS = 60;
const FEW_COLUMNS = 40;

interface Place {
  row: number;
  column: number;
}

/** The rows of an answer: only those in view are drawn. Arrows walk, Enter shows a value whole, Ctrl+C copies it. */
export function ResultsGrid({ columns, rows }: { columns: readonly AnswerColumn[]; rows: readonly Row[] }) {
  const t = useWords(words);
  const language = useLanguage((state) => state.language);
  const scroller = useRef<HTMLDivElement>(null);
  const [at, setAt] = useState<Place>({ row: 0, column: 0 });
  const [opened, setOpened] = useState<Place | null>(null);
  const widths = useMemo(() => measure(columns, rows), [columns, rows]);
  const numeric = useMemo(() => columns.map((column) => isNumeric(column.nativeType)), [columns]);
  const starts = useMemo(() => widths.map((_, index) => widths.slice(0, index).reduce((sum, width) => sum + width, 0)), [widths]);
  const gutter = Math.max(40, String(rows.length).length * 8 + 22);
  const full = gutter + widths.reduce((sum, width) => sum + width, 0);
  const down = useVirtualizer({ count: rows.length, getScrollElement: () => scroller.current, estimateSize: () => ROW, overscan: 16, scrollPaddingStart: 44 });
  const across = useVirtualizer({
    horizontal: true,
    count: columns.length,
    getScrollElement: () => scroller.current,
    estimateSize: (index) => widths[index] ?? 100,
    overscan: 6,
    scrollPaddingStart: gutter,
  });
  useEffect(() => across.measure(), [across, widths]);
  const drawnRows = rows.length <= FEW_ROWS ? rows.map((_, index) => index) : down.getVirtualItems().map((item) => item.index);
  const seen = columns.length <= FEW_COLUMNS ? null : across.getVirtualItems().map((item) => item.index).join(" ");
  // The same list while the same columns are in view, so that rows which stay are not drawn again.
  const drawnColumns = useMemo(() => (seen === null ? columns.map((_, index) => index) : seen.split(" ").filter(Boolean).map(Number)), [columns, seen]);
  const layout = useMemo(() => ({ widths, starts, numeric, gutter, full }), [widths, starts, numeric, gutter, full]);
  const emptyWord = t("empty");

  const copy = (place: Place) => void navigator.clipboard.writeText(spellValue(rows[place.row]?.[place.column]) ?? "").then(() => tell(t("copied")));
  const move = (event: KeyboardEvent) => {
    if (matches(event, "Mod+c") && String(window.getSelection()) === "") {
      copy(at);
      event.preventDefault();
      return;
    }
    const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 0) / ROW) - 3);
    const last = { row: rows.length - 1, column: columns.length - 1 };
    const isFar = event.ctrlKey || event.metaKey;
    const steps: Record<string, Place> = {
      ArrowDown: { ...at, row: at.row + 1 },
      ArrowUp: { ...at, row: at.row - 1 },
      ArrowRight: { ...at, column: at.column + 1 },
      ArrowLeft: { ...at, column: at.column - 1 },
      PageDown: { ...at, row: at.row + page },
      PageUp: { ...at, row: at.row - page },
      Home: { row: isFar ? 0 : at.row, column: 0 },
      End: { row: isFar ? last.row : at.row, column: last.column },
    };
    const to = steps[event.key];
    if (event.key === "Enter") setOpened(at);
    else if (to) {
      const next = { row: Math.min(Math.max(0, to.row), last.row), column: Math.min(Math.max(0, to.column), last.column) };
      setAt(next);
      down.scrollToIndex(next.row);
      across.scrollToIndex(next.column);
    } else return;
    event.preventDefault();
  };

  const value = opened ? rows[opened.row]?.[opened.column] : undefined;
  const column = opened ? columns[opened.column] : undefined;
  return (
    <>
      <div
        ref={scroller}
        className="grid"
        role="grid"
        tabIndex={0}
        aria-label={t("results")}
        aria-rowcount={rows.length + 1}
        aria-colcount={columns.length + 1}
        aria-activedescendant={`cell-${at.row}-${at.column}`}
        onKeyDown={move}
        onClick={(event) => setAt((old) => placeOf(event.target) ?? old)}
        onDoubleClick={(event) => setOpened(placeOf(event.target))}
      >
        <div className="grid-head" role="row" aria-rowindex={1} style={{ width: full }}>
          <div className="grid-number" role="columnheader" style={{ width: gutter }}>
            <span className="only-read">{t("rowNumber")}</span>
          </div>
          {drawnColumns.map((index) => (
            <div
              key={index}
              role="columnheader"
              aria-colindex={index + 2}
              className={`grid-name ${numeric[index] ? "grid-right" : ""}`}
              style={{ left: gutter + (starts[index] ?? 0), width: widths[index] }}
              title={`${columns[index]?.name ?? ""} · ${columns[index]?.nativeType ?? ""}`}
            >
              <span className="cut">{columns[index]?.name}</span>
              <span className="grid-type cut">{columns[index]?.nativeType}</span>
            </div>
          ))}
        </div>
        <div role="rowgroup" style={{ height: rows.length * ROW, width: full, position: "relative" }}>
          {drawnRows.map((row) => (
            <GridRow
              key={row}
              row={row}
              values={rows[row] ?? []}
              layout={layout}
              drawn={drawnColumns}
              chosen={at.row === row ? at.column : -1}
              number={formatNumber(row + 1, language)}
              emptyWord={emptyWord}
            />
          ))}
        </div>
      </div>
      {opened && column && (
        <Dialog
          title={column.name}
          description={`${column.nativeType} · ${t("rowNumber")} ${formatNumber(opened.row + 1, language)}`}
          closeLabel={t("close")}
          onClose={() => setOpened(null)}
          foot={<Button onClick={() => copy(opened)}>{t("copyCell")}</Button>}
        >
          <pre className="grid-whole">{spellValue(value) ?? <span className="grid-null">{t("null")}</span>}</pre>
        </Dialog>
      )}
    </>
  );
}

/** The cell that was clicked, by its id. */
function placeOf(target: EventTarget): Place | null {
  const found = target instanceof Element ? /^cell-(\d+)-(\d+)$/.exec(target.closest("[role=gridcell]")?.id ?? "") : null;
  return found ? { row: Number(found[1]), column: Number(found[2]) } : null;
}

interface RowProps {
  row: number;
  values: Row;
  layout: { widths: readonly number[]; starts: readonly number[]; numeric: readonly boolean[]; gutter: number; full: number };
  drawn: readonly number[];
  /** The chosen column, where the chosen cell is in this row. */
  chosen: number;
  number: string;
  emptyWord: string;
}

/** While one scrolls, only rows that come into view are drawn. */
const GridRow = memo(function GridRow({ row, values, layout, drawn, chosen, number, emptyWord }: RowProps) {
  const { widths, starts, numeric, gutter, full } = layout;
  return (
    <div role="row" aria-rowindex={row + 2} className="grid-row" style={{ transform: `translateY(${row * ROW}px)`, width: full }}>
      <div className="grid-number" role="rowheader" style={{ width: gutter }}>
        {number}
      </div>
      {drawn.map((index) => (
        <div
          key={index}
          id={`cell-${row}-${index}`}
          role="gridcell"
          aria-colindex={index + 2}
          aria-selected={index === chosen}
          className={`grid-cell ${numeric[index] ? "grid-right" : ""}`}
          style={{ left: gutter + (starts[index] ?? 0), width: widths[index] }}
        >
          <Value value={values[index]} emptyWord={emptyWord} />
        </div>
      ))}
    </div>
  );
});

function Value({ value, emptyWord }: { value: unknown; emptyWord: string }) {
  const text = spellValue(value);
  if (text === null) return <span className="grid-null">NULL</span>;
  if (text === "") return <span className="grid-empty">{emptyWord}</span>;
  // What is beyond the cell is not laid out; the whole value is one key away.
  return text.slice(0, 300).replace(/[\r\n\t]/g, " ");
}
