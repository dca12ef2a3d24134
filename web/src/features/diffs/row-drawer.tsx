import { Copy } from "lucide-react";
import "@/components/data-table.css";
import { Dialog } from "@/components/dialog.tsx";
import { IconButton } from "@/components/icon-button.tsx";
import { tell } from "@/components/toast.tsx";
import { useWords } from "@/lib/language.ts";
import { cellOf, type Difference } from "./differences.ts";
import { KIND } from "./difference-grid.tsx";
import { words } from "./words.ts";

interface Props {
  row: Difference;
  keyColumns: readonly string[];
  columns: readonly string[];
  names: { left: string; right: string };
  onClose: () => void;
}

/** One row whole: each column's left and right value, none cut. */
export function RowDrawer({ row, keyColumns, columns, names, onClose }: Props) {
  const t = useWords(words);
  const key = keyColumns.map((name) => `${name} = ${row.key[name] ?? row.values?.[name] ?? "NULL"}`).join(", ");
  const copy = () => void navigator.clipboard.writeText(JSON.stringify(row, null, 2)).then(() => tell(t("copied")));
  return (
    <Dialog title={key || t("row")} description={t(KIND[row.kind].word)} closeLabel={t("close")} kind="drawer" width={720} onClose={onClose} foot={<IconButton icon={Copy} label={t("copy")} onClick={copy} />}>
      <div className="diff-whole">
        <table className="table">
          <thead>
            <tr>
              <th scope="col">{t("column")}</th>
              {(["left", "right"] as const).map((side) => (
                <th key={side} scope="col">
                  {t(side)} <span className="mono">{names[side]}</span>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {columns.map((column) => (
              <tr key={column}>
                <td className="mono">{column}</td>
                {(["left", "right"] as const).map((side) => {
                  const cell = cellOf(row, side, column);
                  if (cell.kind === "absent") return <td key={side} className="diff-absent" aria-label={t("absent")} />;
                  if (cell.kind === "same")
                    return (
                      <td key={side} className="diff-same">
                        {t("same")}
                      </td>
                    );
                  return (
                    <td key={side} className={`mono diff-long ${cell.isChanged ? `diff-changed diff-changed-${side}` : ""}`}>
                      {cell.text === null ? <span className="diff-null">NULL</span> : cell.text === "" ? <span className="diff-null diff-empty">{t("empty")}</span> : cell.text}
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Dialog>
  );
}
