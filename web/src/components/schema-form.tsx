import { useWords } from "@/lib/language.ts";
import { fromText, toText, type FieldView } from "@/lib/schema-fields.ts";
import { Field, Select, TextArea, TextInput } from "./field.tsx";
import { Ticked } from "./notice.tsx";

const words = {
  yes: ["yes", "是"],
  no: ["no", "否"],
  standard: ["default: {value}", "默认：{value}"],
  badNumber: ["This is no number that fits.", "数值不合适。"],
  badJson: ["This is no JSON.", "不是有效的 JSON。"],
  json: ["As JSON.", "JSON 格式。"],
  list: ["Separated by commas.", "用逗号分隔。"],
} as const;

interface Props {
  fields: readonly FieldView[];
  /** What stands in each field, by its name. */
  texts: Readonly<Record<string, string>>;
  onChange: (name: string, text: string) => void;
}

/** Fields as a JSON Schema describes them, each with the control that fits it. */
export function SchemaForm({ fields, texts, onChange }: Props) {
  const t = useWords(words);
  return fields.map((field) => {
    const text = texts[field.name] ?? "";
    const { kind } = field;
    const standard = field.default === undefined ? "" : t("standard", { value: field.default === true ? t("yes") : field.default === false ? t("no") : toText(kind, field.default) });
    const more = kind.kind === "yaml" ? t("json") : kind.kind === "words" ? t("list") : "";
    const help = field.description || more ? <Ticked text={[field.description, more].filter(Boolean).join(" ")} /> : undefined;
    return (
      <Field key={field.name} label={field.name} isNeeded={field.isNeeded} help={help} problem={isFit(field, text) ? undefined : t(kind.kind === "number" ? "badNumber" : "badJson")}>
        {(ids) => {
          if (kind.kind === "choice" || kind.kind === "boolean") {
            const options = kind.kind === "choice" ? kind.options.map((value) => ({ value, label: value })) : [{ value: "true", label: t("yes") }, { value: "false", label: t("no") }];
            return (
              <Select {...ids} required={field.isNeeded} value={text} onChange={(event) => onChange(field.name, event.target.value)}>
                <option value="">{standard}</option>
                {options.map((option) => (
                  <option key={option.value} value={option.value}>
                    {option.label}
                  </option>
                ))}
              </Select>
            );
          }
          const shared = { ...ids, className: "mono", required: field.isNeeded, value: text };
          if (kind.kind === "yaml" || (kind.kind === "text" && kind.isLong)) {
            return <TextArea {...shared} rows={Math.max(2, text.split("\n").length)} onChange={(event) => onChange(field.name, event.target.value)} />;
          }
          return <TextInput {...shared} placeholder={standard} inputMode={kind.kind === "number" ? "numeric" : "text"} onChange={(event) => onChange(field.name, event.target.value)} />;
        }}
      </Field>
    );
  });
}

function isFit(field: FieldView, text: string): boolean {
  try {
    fromText(field.kind, text);
    return true;
  } catch {
    return false;
  }
}

/** The values that the form says; undefined where a field does not fit. */
export function readForm(fields: readonly FieldView[], texts: Readonly<Record<string, string>>): Record<string, unknown> | undefined {
  try {
    const values = fields.map((field) => [field.name, fromText(field.kind, texts[field.name] ?? "")] as const);
    return Object.fromEntries(values.filter(([, value]) => value !== undefined));
  } catch {
    return undefined;
  }
}
