/** One setting of a step: the control that fits it, written into the document when it is left or confirmed. */
import { useEffect, useId, useState } from "react";
import { Field, Select, TextArea, TextInput } from "@/components/field.tsx";
import { Ticked } from "@/components/notice.tsx";
import { useWords } from "@/lib/language.ts";
import { readWords, spellWords, type FieldView } from "@/lib/schema-fields.ts";
import { parseValue, spellValue } from "../document/edit.ts";
import { words } from "../words.ts";
import { isExpression } from "./fields.ts";

interface Props {
  field: FieldView;
  value: unknown;
  problem: string | undefined;
  /** Names to choose from, where the server knows them. */
  suggestions: readonly string[];
  onChange: (value: unknown) => void;
}

export function SettingField({ field, value, problem, suggestions, onChange }: Props) {
  const t = useWords(words);
  const [fault, setFault] = useState<string>();
  const { kind } = field;
  const help = (
    <>
      {field.description && <Ticked text={field.description} />}
      {field.default !== undefined && <span> · {t("defaultIs", { value: spellValue(field.default) })}</span>}
    </>
  );
  const write = (text: string) => {
    setFault(undefined);
    try {
      onChange(readText(kind.kind, text));
    } catch (error) {
      setFault(t("notYaml", { reason: error instanceof Error ? error.message : String(error) }));
    }
  };
  return (
    <Field label={field.name} help={help} problem={fault ?? problem} isNeeded={field.isNeeded}>
      {(ids) => {
        const isText = isExpression(value);
        if (kind.kind === "choice" && !isText) {
          return (
            <Select {...ids} value={spellPlain(value)} onChange={(event) => onChange(event.target.value || undefined)}>
              <option value="">{field.default === undefined ? "" : t("standard", { value: spellPlain(field.default) })}</option>
              {kind.options.map((option) => (
                <option key={option}>{option}</option>
              ))}
            </Select>
          );
        }
        if (kind.kind === "boolean" && !isText) {
          return (
            <Select
              {...ids}
              value={spellPlain(value)}
              onChange={(event) => onChange(event.target.value === "" ? undefined : event.target.value === "true")}
            >
              <option value="">{field.default === undefined ? "" : t("standard", { value: field.default === true ? t("yes") : t("no") })}</option>
              <option value="true">{t("yes")}</option>
              <option value="false">{t("no")}</option>
            </Select>
          );
        }
        const isLong = kind.kind === "yaml" || (kind.kind === "text" && kind.isLong);
        return <Draft {...ids} isLong={isLong} text={spell(kind.kind, value)} suggestions={suggestions} onWrite={write} />;
      }}
    </Field>
  );
}

interface DraftProps {
  id: string;
  "aria-describedby": string | undefined;
  "aria-invalid": boolean | undefined;
  isLong: boolean;
  text: string;
  suggestions: readonly string[];
  onWrite: (text: string) => void;
}

/** A text that goes into the document when it is left, or by Enter; Esc takes it back. */
function Draft({ isLong, text, suggestions, onWrite, ...ids }: DraftProps) {
  const list = useId();
  const [draft, setDraft] = useState(text);
  useEffect(() => setDraft(text), [text]);
  const commit = () => {
    if (draft !== text) onWrite(draft);
  };
  const shared = {
    ...ids,
    className: "mono",
    value: draft,
    onBlur: commit,
    onKeyDown: (event: React.KeyboardEvent) => {
      if (event.key === "Escape" && draft !== text) {
        event.stopPropagation();
        setDraft(text);
      }
      if (event.key === "Enter" && (!isLong || event.ctrlKey || event.metaKey)) {
        // In a field the keys take what was written; elsewhere, and with Shift, they run or try the workflow.
        if (!event.shiftKey) event.stopPropagation();
        commit();
      }
    },
  };
  if (isLong) {
    const rows = Math.min(12, Math.max(2, draft.split("\n").length));
    return <TextArea {...shared} rows={rows} onChange={(event) => setDraft(event.target.value)} />;
  }
  return (
    <>
      <TextInput {...shared} list={suggestions.length ? list : undefined} onChange={(event) => setDraft(event.target.value)} />
      {suggestions.length > 0 && (
        <datalist id={list}>
          {suggestions.map((name) => (
            <option key={name} value={name} />
          ))}
        </datalist>
      )}
    </>
  );
}

function spell(kind: FieldView["kind"]["kind"], value: unknown): string {
  if (value === undefined) return "";
  if (kind === "words" && (Array.isArray(value) || typeof value === "string")) return spellWords(value);
  if (typeof value === "string" && kind !== "yaml") return value;
  return spellValue(value);
}

function readText(kind: FieldView["kind"]["kind"], text: string): unknown {
  if (text.trim() === "") return undefined;
  if (kind === "text") return text;
  if (isExpression(text) && kind !== "yaml") return text.trim();
  if (kind === "words") return readWords(text);
  if (kind === "number" && Number.isFinite(Number(text))) return Number(text);
  return kind === "yaml" ? parseValue(text) : text;
}

/** What a choice holds: a text, a number, or yes and no. */
function spellPlain(value: unknown): string {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? String(value) : "";
}
