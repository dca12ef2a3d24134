/** Asks for the inputs of a run, each by its type, and starts it. */
import { useState } from "react";
import { useNavigate } from "react-router";
import { Button } from "@/components/button.tsx";
import { Dialog } from "@/components/dialog.tsx";
import { Field, Select, TextInput } from "@/components/field.tsx";
import { Notice } from "@/components/notice.tsx";
import { request } from "@/graphql/client.ts";
import { asProblem, type ProblemView } from "@/graphql/problem.ts";
import { useWords } from "@/lib/language.ts";
import { spellValue } from "../document/edit.ts";
import type { InputView } from "../document/read.ts";
import { isDirty, useEditor } from "../document/store.ts";
import { StartRun } from "../operations.ts";
import { words } from "../words.ts";

interface Props {
  name: string;
  inputs: readonly InputView[];
  /** Values to begin with. */
  given?: Record<string, unknown> | undefined;
  save: () => Promise<boolean>;
}

export function RunDialog({ name, inputs, given: before = {}, save }: Props) {
  const t = useWords(words);
  const navigate = useNavigate();
  const [given, setGiven] = useState<Record<string, string>>(() =>
    Object.fromEntries(inputs.flatMap(({ name: input }) => (input in before ? [[input, writeInput(before[input])]] : []))),
  );
  const [problem, setProblem] = useState<ProblemView>();
  const [isBusy, setBusy] = useState(false);
  const isChanged = useEditor(isDirty);
  const close = () => useEditor.getState().setPanel(null);
  const start = async () => {
    setBusy(true);
    try {
      if (isChanged && !(await save())) return close();
      const saved = useEditor.getState().saved;
      if (!saved) return undefined;
      const values = inputs.flatMap((input) => {
        const text = given[input.name];
        return text === undefined || text === "" ? [] : [[input.name, readInput(input, text)] as const];
      });
      const { startRun } = await request(StartRun, { workflow: saved.id, inputs: JSON.stringify(Object.fromEntries(values)) });
      close();
      await navigate(`/runs/${startRun.id}`);
    } catch (error) {
      setProblem(asProblem(error));
    } finally {
      setBusy(false);
    }
    return undefined;
  };
  return (
    <Dialog
      title={t("runTitle", { name }).replaceAll("`", "")}
      description={isChanged ? t("runSaves") : undefined}
      closeLabel={t("close")}
      onClose={close}
      foot={
        <>
          <Button onClick={close}>{t("cancel")}</Button>
          <Button tone="main" isBusy={isBusy} onClick={() => void start()}>
            {isChanged ? t("runNow") : t("run")}
          </Button>
        </>
      }
    >
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          void start();
        }}
      >
        {problem && <Notice problem={problem} />}
        {inputs.length === 0 && <p className="muted">{t("runNoInputs")}</p>}
        {inputs.map((input) => (
          <InputField key={input.name} input={input} value={given[input.name] ?? ""} onChange={(text) => setGiven({ ...given, [input.name]: text })} />
        ))}
        <button type="submit" hidden />
      </form>
    </Dialog>
  );
}

function InputField({ input, value, onChange }: { input: InputView; value: string; onChange: (text: string) => void }) {
  const t = useWords(words);
  const standard = input.default === undefined ? "" : spellValue(input.default);
  const options = input.type === "boolean" ? ["true", "false"] : input.options.map(String);
  return (
    <Field label={input.name} help={[input.description, input.type].filter(Boolean).join(" · ")} isNeeded={input.isNeeded}>
      {(ids) =>
        options.length > 0 ? (
          <Select {...ids} value={value} onChange={(event) => onChange(event.target.value)}>
            <option value="">{standard && t("standard", { value: standard })}</option>
            {options.map((option) => (
              <option key={option}>{option}</option>
            ))}
          </Select>
        ) : (
          <TextInput
            {...ids}
            className="mono"
            type={input.type === "date" ? "date" : "text"}
            placeholder={standard}
            value={value}
            onChange={(event) => onChange(event.target.value)}
          />
        )
      }
    </Field>
  );
}

/** A value as it is written into its field. */
function writeInput(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** A text as the input's type; what is no such value goes as it is, and the server says what is wrong. */
function readInput(input: InputView, text: string): unknown {
  if (input.type === "boolean") return text === "true";
  if ((input.type === "integer" || input.type === "number") && text.trim() !== "" && Number.isFinite(Number(text))) return Number(text);
  if (input.type === "array" || input.type === "object") {
    try {
      return JSON.parse(text) as unknown;
    } catch {
      return text;
    }
  }
  return text;
}
