import { Upload } from "lucide-react";
import { useRef, useState } from "react";
import { useNavigate } from "react-router";
import { Button } from "@/components/button.tsx";
import { Dialog } from "@/components/dialog.tsx";
import { Notice, Ticked } from "@/components/notice.tsx";
import { tell } from "@/components/toast.tsx";
import { queryClient } from "@/graphql/client.ts";
import { asProblem, type ProblemView } from "@/graphql/problem.ts";
import { useWords } from "@/lib/language.ts";
import { install } from "./install.ts";
import { words } from "./words.ts";

/** As much as the server takes. */
const MOST = 34 * 1024 * 1024;

/** Takes an archive and installs it with nothing granted; then its page shows what it asks for. */
export function InstallDialog({ onClose }: { onClose: () => void }) {
  const t = useWords(words);
  const navigate = useNavigate();
  const input = useRef<HTMLInputElement>(null);
  const [file, setFile] = useState<File>();
  const [isOver, setOver] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<ProblemView>();
  const take = (given: File | undefined) => {
    if (!given) return;
    setFile(given);
    setProblem(given.size > MOST ? { code: "request_too_large", message: t("tooLarge"), hint: t("tooLargeHint") } : undefined);
  };
  const send = async () => {
    if (!file) return;
    setBusy(true);
    setProblem(undefined);
    try {
      const { name, version } = await install(file);
      await queryClient.invalidateQueries();
      tell(t("installed", { name, version }));
      await navigate(`/plugins/${name}`);
    } catch (error) {
      setProblem(asProblem(error));
      setBusy(false);
    }
  };
  return (
    <Dialog
      title={t("install")}
      description={t("installText")}
      closeLabel={t("close")}
      onClose={onClose}
      foot={
        <>
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button tone="main" disabled={!file || file.size > MOST} isBusy={isBusy} onClick={() => void send()}>
            {file ? t("installNow", { file: file.name }) : t("installPlain")}
          </Button>
        </>
      }
    >
      <div className="stack">
        {problem && <Notice problem={problem} />}
        <div
          className={`plugin-drop ${isOver ? "plugin-drop-over" : ""}`}
          onDragOver={(event) => {
            event.preventDefault();
            setOver(true);
          }}
          onDragLeave={() => setOver(false)}
          onDrop={(event) => {
            event.preventDefault();
            setOver(false);
            take(event.dataTransfer.files[0]);
          }}
        >
          <Upload size={20} aria-hidden />
          {file && <strong className="mono">{file.name}</strong>}
          <Button autoFocus onClick={() => input.current?.click()}>
            {t("choose")}
          </Button>
          <p className="muted">
            <Ticked text={t("drop")} />
          </p>
          <input ref={input} type="file" className="only-read" aria-label={t("file")} tabIndex={-1} accept=".sluice" onChange={(event) => take(event.target.files?.[0])} />
        </div>
      </div>
    </Dialog>
  );
}
