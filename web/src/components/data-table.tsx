import { flexRender, getCoreRowModel, getSortedRowModel, useReactTable, type ColumnDef, type RowData, type SortingState } from "@tanstack/react-table";
import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowDown, ArrowUp } from "lucide-react";
import { useRef, useState, type ReactNode } from "react";
import "./data-table.css";

declare module "@tanstack/react-table" {
  interface ColumnMeta<TData extends RowData, TValue> {
    /** Numbers stand at the right. */
    isNumber?: boolean;
    /** Left out where the page is narrow. */
    isWide?: boolean;
    width?: number | string;
    /** Never set; names the parameters that the library asks for. */
    of?: (row: TData, value: TValue) => void;
  }
}

interface Props<T> {
  label: string;
  rows: readonly T[];
  // Each column has a value type of its own, which only the library's `any` can hold together.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  columns: ColumnDef<T, any>[];
  rowKey: (row: T) => string;
  /** What a click on a row, or Enter, opens. */
  onOpen?: (row: T) => void;
  rowHeight?: number;
  /** What stands beneath the last row. */
  foot?: ReactNode;
  /** Called when the last rows come into view. */
  onEnd?: () => void;
}

/** Up to so many rows are all drawn. */
const SHORT = 200;

/** A table that draws only the rows in view: quick with a hundred thousand. Click a header to sort. */
export function DataTable<T>({ label, rows, columns, rowKey, onOpen, rowHeight = 36, foot, onEnd }: Props<T>) {
  const scroller = useRef<HTMLDivElement>(null);
  const [sorting, setSorting] = useState<SortingState>([]);
  const table = useReactTable({
    data: rows as T[],
    columns,
    state: { sorting },
    onSortingChange: setSorting,
    getCoreRowModel: getCoreRowModel(),
    getSortedRowModel: getSortedRowModel(),
    getRowId: (row) => rowKey(row),
  });
  const model = table.getRowModel().rows;
  const virtual = useVirtualizer({
    count: model.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 12,
  });
  // A short table is drawn whole: the browser's own search then finds everything in it.
  const isShort = model.length <= SHORT;
  const items = virtual.getVirtualItems();
  const shown = isShort ? model.map((_, index) => index) : items.map((item) => item.index);
  const before = isShort ? 0 : (items[0]?.start ?? 0);
  const after = isShort ? 0 : virtual.getTotalSize() - (items.at(-1)?.end ?? 0);
  const width = table.getVisibleLeafColumns().length;
  return (
    <div
      ref={scroller}
      className="table-scroller"
      // A region that scrolls must be reachable by the keyboard.
      tabIndex={0}
      role="region"
      aria-label={label}
      onScroll={(event) => {
        const { scrollTop, clientHeight, scrollHeight } = event.currentTarget;
        if (onEnd && scrollTop + clientHeight > scrollHeight - 400) onEnd();
      }}
    >
      <table className="table" aria-rowcount={model.length}>
        <thead>
          {table.getHeaderGroups().map((group) => (
            <tr key={group.id}>
              {group.headers.map((header) => {
                const { meta } = header.column.columnDef;
                const sorted = header.column.getIsSorted();
                const text = flexRender(header.column.columnDef.header, header.getContext());
                return (
                  <th
                    key={header.id}
                    scope="col"
                    className={classes(meta)}
                    style={meta?.width === undefined ? undefined : { width: meta.width }}
                    aria-sort={sorted === "asc" ? "ascending" : sorted === "desc" ? "descending" : undefined}
                  >
                    {header.column.getCanSort() ? (
                      <button type="button" className="table-sort" onClick={header.column.getToggleSortingHandler()}>
                        {text}
                        {sorted === "asc" && <ArrowUp size={12} aria-hidden />}
                        {sorted === "desc" && <ArrowDown size={12} aria-hidden />}
                      </button>
                    ) : (
                      text
                    )}
                  </th>
                );
              })}
            </tr>
          ))}
        </thead>
        <tbody>
          {before > 0 && <tr aria-hidden style={{ height: before }} />}
          {shown.map((index) => {
            const row = model[index];
            if (!row) return null;
            return (
              <tr
                key={row.id}
                aria-rowindex={index + 1}
                style={{ height: rowHeight }}
                className={onOpen ? "table-open" : undefined}
                onClick={(event) => {
                  if (onOpen && !isControl(event.target)) onOpen(row.original);
                }}
              >
                {row.getVisibleCells().map((cell) => (
                  <td key={cell.id} className={classes(cell.column.columnDef.meta)}>
                    {flexRender(cell.column.columnDef.cell, cell.getContext())}
                  </td>
                ))}
              </tr>
            );
          })}
          {after > 0 && <tr aria-hidden style={{ height: after }} />}
        </tbody>
        {foot && (
          <tfoot>
            <tr>
              <td colSpan={width}>{foot}</td>
            </tr>
          </tfoot>
        )}
      </table>
    </div>
  );
}

function classes(meta: { isNumber?: boolean; isWide?: boolean } | undefined): string {
  return [meta?.isNumber ? "number" : "", meta?.isWide ? "wide" : ""].filter(Boolean).join(" ");
}

/** Whether a click meant something inside the row. */
function isControl(target: EventTarget): boolean {
  return target instanceof Element && target.closest("a, button, input, label, select, [role=menuitem]") !== null;
}
